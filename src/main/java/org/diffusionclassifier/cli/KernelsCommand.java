package org.diffusionclassifier.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Function;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.diffusionclassifier.checkpoint.Checkpoint;
import org.diffusionclassifier.checkpoint.ModelSpec;
import org.diffusionclassifier.config.MmditConfig;
import org.diffusionclassifier.config.PublishedUNets;
import org.diffusionclassifier.config.UNetConfig;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.DeviceException;
import org.diffusionclassifier.device.WeightsBudget;
import org.diffusionclassifier.device.cuda.CudaDevice;
import org.diffusionclassifier.device.cuda.Kernels;
import org.diffusionclassifier.device.cuda.study.Card;
import org.diffusionclassifier.device.cuda.study.KernelStudy.Comparison;
import org.diffusionclassifier.device.cuda.study.KernelStudy;
import org.diffusionclassifier.device.cuda.study.Launch;
import org.diffusionclassifier.file.AtomicFile;
import org.diffusionclassifier.model.BundledModel;
import org.diffusionclassifier.model.SyntheticEvaluation;
import org.diffusionclassifier.model.sd3.SyntheticMmdit;
import org.diffusionclassifier.model.stablediffusion.SyntheticUNet;
import org.diffusionclassifier.model.stablediffusion.UNetParts;
import org.diffusionclassifier.report.KernelTable;
import org.diffusionclassifier.tensor.InputException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code kernels}: every kernel at every shape that a network launches, beside what bounds it. */
@Command(name = "kernels", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Lists the CUDA kernels that an evaluation of a network launches, with their bounds on four cards, "
                + "what the compiler gave them, what the emulated card counts, and on a machine with a GPU what they "
                + "take.")
final class KernelsCommand implements Callable<Integer> {

    private static final String TRANSFORMER = "transformer";

    @ParentCommand
    private Main main;

    @Spec
    private CommandSpec spec;

    @Option(names = "--model", split = ",", paramLabel = "NAME", defaultValue = "sd-1.5,sd-2-base,demo",
            description = "sd-1.5, sd-2-base, sdxl, sd3-medium or another that convert --random knows, or a model's name, "
                    + "as --model of classify has it; weights are made up. Default: ${DEFAULT-VALUE}.")
    private List<String> models;

    @Option(names = "--batch-size", paramLabel = "N", defaultValue = "8",
            description = "Pairs an evaluation. Default: ${DEFAULT-VALUE}.")
    private int batchSize;

    enum DeviceChoice { AUTO, CUDA, SIMT }

    @Option(names = "--device", paramLabel = "NAME", defaultValue = "auto",
            description = "cuda, which measures; simt, the emulated card, which counts; or auto: cuda if there is one. "
                    + "Default: ${DEFAULT-VALUE}.")
    private DeviceChoice device;

    @Option(names = "--like", paramLabel = "CARD", defaultValue = "A100",
            description = "The card whose size the emulated one has, by which tiles are chosen: ${COMPLETION-CANDIDATES}. "
                    + "Default: ${DEFAULT-VALUE}.")
    private Card like;

    @Option(names = "--blocks", paramLabel = "N", defaultValue = "2",
            description = "Blocks of each grid that the emulated card runs to count; 0 for no counting. Default: "
                    + "${DEFAULT-VALUE}.")
    private int blocks;

    @Option(names = "--json", paramLabel = "FILE", description = "Everything in full.")
    private Path json;

    @Override
    public Integer call() {
        if (batchSize < 1) {
            throw new InputException("--batch-size: expected at least 1, found " + batchSize);
        }
        if (blocks < 0) {
            throw new InputException("--blocks: expected at least 0, found " + blocks);
        }
        List<Function<Device, SyntheticEvaluation>> evaluations = models.stream().map(this::evaluation).toList();
        PrintWriter out = spec.commandLine().getOut();
        boolean real = device == DeviceChoice.CUDA || device == DeviceChoice.AUTO && CudaDevice.isInstalled();
        var tables = new ArrayList<KernelTable>();
        try (CudaDevice card = real ? CudaDevice.open() : KernelStudy.openEmulatedAs(like)) {
            for (int i = 0; i < evaluations.size(); i++) {
                KernelTable table = study(card, models.get(i), evaluations.get(i), real);
                out.println(table.render());
                out.flush();
                tables.add(table);
            }
        }
        if (json != null) {
            AtomicFile.write(json, file -> new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT)
                    .writeValue(file, tables.stream().map(KernelTable::json).toList()));
        }
        return 0;
    }

    /** Makes an evaluation of a model with made-up weights, each pair with a trial of its own. */
    private Function<Device, SyntheticEvaluation> evaluation(String model) {
        if (PublishedUNets.names().contains(model)) {
            return of(PublishedUNets.of(model));
        }
        if (MmditConfig.publishedNames().contains(model)) {
            return of(MmditConfig.published(model));
        }
        Path path = main.finder().find(model, false);
        if (path != null) {
            return of(path);
        }
        try (var bundled = BundledModel.open()) {
            return of(bundled.root());
        }
    }

    private Function<Device, SyntheticEvaluation> of(UNetConfig config) {
        return on -> SyntheticUNet.evaluation(config, on, batchSize);
    }

    private Function<Device, SyntheticEvaluation> of(MmditConfig config) {
        return on -> SyntheticMmdit.evaluation(config, on, batchSize, batchSize);
    }

    private Function<Device, SyntheticEvaluation> of(Path model) {
        try (var checkpoint = Checkpoint.open(ModelSpec.of(model))) {
            return checkpoint.components().contains(TRANSFORMER)
                    ? of(MmditConfig.read(checkpoint.component(TRANSFORMER).config()))
                    : of(UNetConfig.read(checkpoint.component(UNetParts.UNET).config()));
        }
    }

    private KernelTable study(CudaDevice card, String name, Function<Device, SyntheticEvaluation> model, boolean real) {
        try (var evaluation = model.apply(card)) {
            var study = new KernelStudy(card, evaluation.graph());
            Map<Launch, Comparison> compared = Map.of();
            if (real) {
                evaluation.graph().run();
                compared = compare(study, model);
            }
            var rows = new ArrayList<KernelTable.Row>();
            try (ProgressBar progress = new ProgressBarBuilder().setTaskName(name)
                    .setInitialMax(study.launches().size()).setStyle(ProgressBarStyle.ASCII).build()) {
                for (Launch launch : study.launches()) {
                    rows.add(new KernelTable.Row(launch, real || blocks == 0 ? null : study.count(launch, blocks),
                            real ? study.time(launch) : null, compared.get(launch)));
                    progress.step();
                }
            }
            return new KernelTable(name, batchSize, evaluation.graph().arenaBytes(), rows);
        }
    }

    /** Beside cuBLAS and cuDNN; nothing where they are not installed. */
    private Map<Launch, Comparison> compare(KernelStudy study,
                                            Function<Device, SyntheticEvaluation> model) {
        try (CudaDevice libraries = CudaDevice.open(Kernels.VENDOR, WeightsBudget.unlimited());
                var evaluation = model.apply(libraries)) {
            evaluation.graph().run();
            return study.compare(new KernelStudy(libraries, evaluation.graph()));
        } catch (DeviceException e) {
            spec.commandLine().getErr().println("not compared with cuBLAS and cuDNN: " + e.getMessage());
            return Map.of();
        }
    }
}
