package org.diffusionclassifier.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import me.tongfei.progressbar.ProgressBar;
import org.diffusionclassifier.convert.Converter.Count;
import org.diffusionclassifier.convert.Converter.Outcome;
import org.diffusionclassifier.convert.Converter.Source;
import org.diffusionclassifier.checkpoint.Checkpoint;
import org.diffusionclassifier.checkpoint.Layout;
import org.diffusionclassifier.checkpoint.ModelSpec;
import org.diffusionclassifier.checkpoint.RandomModel;
import org.diffusionclassifier.convert.Converter;
import org.diffusionclassifier.model.BundledModel;
import org.diffusionclassifier.model.ModelFamily;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.InputException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code convert}: makes one file of a model in any form. */
@Command(name = "convert", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Makes one safetensors file of a model: text encoders, the VAE's encoder and the network, or of a "
                + "DiT the VAE's encoder and transformer, in the order in which they are loaded, tokenizer and all settings "
                + "with them, to be given as --model.")
final class ConvertCommand implements Callable<Integer> {

    enum TypeChoice { F16, BF16, F32 }

    @ParentCommand
    private Main main;

    @Spec
    private CommandSpec spec;

    @Parameters(arity = "0..1", paramLabel = "SOURCE", completionCandidates = ModelCandidates.class,
            description = "A model's name, as --model of classify has it; a directory in diffusers form, of Stable "
                    + "Diffusion or a DiT; Stable Diffusion 1, 2, XL or 3, or "
                    + "with --vae a DiT, as one .safetensors, .ckpt or .pt file in the original naming; or a file that "
                    + "convert made.")
    private String source;

    @Mixin
    private PullOption pull;

    @Option(names = "--random", paramLabel = "MODEL",
            description = "Instead of SOURCE: a published model at full size with random weights, for measuring: "
                    + "sd-1.5, sd-2-base, sd-2.1, sd-turbo, bk-sdm-base, bk-sdm-small, bk-sdm-tiny, lcm, sdxl, "
                    + "sdxl-turbo, ssd-1b, segmind-vega, koala-700m, koala-1b, sd3-medium, sd3.5-medium or sd3.5-large.")
    private String random;

    @Option(names = "--out", required = true, paramLabel = "FILE", description = "The file to write.")
    private Path out;

    @Option(names = "--dtype", paramLabel = "TYPE", defaultValue = "f16",
            description = "f16, bf16 or f32: what weights are stored as. Default: ${DEFAULT-VALUE}.")
    private TypeChoice dtype;

    @Option(names = "--allow-overflow",
            description = "Let weights beyond the type's largest number (65504 for f16) become that; they are refused "
                    + "without.")
    private boolean allowOverflow;

    @Option(names = "--verify", description = "Read the file back and compare it with the source.")
    private boolean verify;

    @Option(names = "--no-hash",
            description = "Leave out the source's SHA-256, which takes longer than all the rest.")
    private boolean noHash;

    @Mixin
    private CheckpointOptions checkpoint;

    @Override
    public Integer call() {
        if ((source == null) == (random == null)) {
            throw new InputException("convert: expected a SOURCE or --random, found " + (source == null ? "neither"
                    : "both"));
        }
        ModelSpec model = checkpoint.spec(pull.find(main, source, checkpoint), null);
        if (source == null) {
            convert(RandomModel.of(random, model));
        } else if (model.path() == null) {
            try (var bundled = BundledModel.open()) {
                convert(Checkpoint.open(model.at(bundled.root())));
            }
        } else {
            convert(Checkpoint.open(model, main.names()));
        }
        return 0;
    }

    /** Closes it, too. */
    private void convert(Checkpoint opened) {
        try (opened) {
            Layout layout = ModelFamily.of(opened).layout(opened);
            main.note(opened.notices());
            convert(opened, layout);
        }
    }

    private void convert(Checkpoint opened, Layout layout) {
        var converter = new Converter(opened, layout,
                new Converter.Options(DType.valueOf(dtype.name()), allowOverflow, verify, !noHash));
        long start = System.nanoTime();
        Outcome outcome;
        try (ProgressBar bar = Progress.bar("convert", " MB", 1_000_000, converter.work(),
                spec.commandLine().getErr())) {
            outcome = converter.write(out, bar::stepBy);
        }
        report(outcome, (System.nanoTime() - start) * 1e-9);
    }

    private void report(Outcome outcome, double seconds) {
        PrintWriter printer = spec.commandLine().getOut();
        printer.printf(Locale.ROOT, "%s: %d parameters in %d tensors, %.1f MB in %.1f s%n", out, outcome.parameters(),
                outcome.tensors(), outcome.bytes() * 1e-6, seconds);
        for (Source read : outcome.sources()) {
            printer.println("sha256 of " + read.name() + ": " + read.sha256());
        }
        for (Count count : outcome.overflowed()) {
            printer.printf("%s: %d values beyond the largest %s became that%n", count.tensor(), count.values(),
                    dtype.name().toLowerCase(Locale.ROOT));
        }
        for (Count count : outcome.notFinite()) {
            printer.printf("%s: %d values are NaN or infinite%n", count.tensor(), count.values());
        }
    }
}
