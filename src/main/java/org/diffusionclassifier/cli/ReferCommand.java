package org.diffusionclassifier.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.diffusionclassifier.Answer;
import org.diffusionclassifier.Referring;
import org.diffusionclassifier.dataset.Boxes;
import org.diffusionclassifier.dataset.ReferringExample;
import org.diffusionclassifier.image.Box;
import org.diffusionclassifier.image.ImageDecoder;
import org.diffusionclassifier.image.ImageKind;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.report.BoxDrawing;
import org.diffusionclassifier.report.ReferringText;
import org.diffusionclassifier.report.html.ReferPage;
import org.diffusionclassifier.result.BoxErrors.Method;
import org.diffusionclassifier.result.ReferredExample;
import org.diffusionclassifier.result.ReferringSummary;
import org.diffusionclassifier.result.Scoring;
import org.diffusionclassifier.tensor.InputException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code refer}: which of a picture's boxes an expression refers to. */
@Command(name = "refer", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Finds the box that an expression refers to, or measures accuracy on examples in the manner of "
                + "RefCOCO.")
final class ReferCommand implements Callable<Integer> {

    @ParentCommand
    private Main main;

    @Spec
    private CommandSpec spec;

    @Parameters(arity = "0..1", paramLabel = "IMAGE", description = ImageKind.READABLE + ".")
    private Path image;

    @Option(names = "--boxes", paramLabel = "FILE",
            description = "JSON: [[x, y, width, height], …] in the image's pixels.")
    private Path boxes;

    @Option(names = "--expression", paramLabel = "TEXT", description = "What one of the boxes shows.")
    private String expression;

    @Option(names = "--annotate", paramLabel = "PNG",
            description = "Draw the boxes there, with their scores (sum, less the unconditional error).")
    private Path annotate;

    @Option(names = "--examples", paramLabel = "FILE",
            description = "Instead: one a line, as JSON with image (relative to the file), boxes, expression and truth, "
                    + "a box or the index of one.")
    private Path examples;

    @Option(names = "--fail-fast",
            description = "With examples: stop at the first picture that cannot be read, rather than go on without it.")
    private boolean failFast;

    @Mixin
    private CaptionOptions common;

    @Override
    public Integer call() {
        try (var model = common.model.open(main)) {
            Referring referring = model.referring().trials(common.trials()).nSamples(common.nSamples())
                    .failFast(failFast);
            if ((image == null) == (examples == null)) {
                throw new InputException("refer: expected an IMAGE or --examples, found "
                        + (image == null ? "neither" : "both"));
            }
            if (image != null && (boxes == null || expression == null)) {
                throw new InputException((boxes == null ? "--boxes" : "--expression") + ": expected with an IMAGE");
            }
            if (examples != null && (boxes != null || expression != null || annotate != null)) {
                throw new InputException("--boxes, --expression and --annotate: expected with an IMAGE, not with "
                        + "--examples");
            }
            common.json.check();
            if (annotate != null) {
                OutputFile.requireWritable("--annotate", annotate);
            }
            common.report.check();
            if (image != null) {
                find(referring);
            } else {
                measure(referring, ReferringExample.read(examples));
            }
            return 0;
        }
    }

    private void find(Referring referring) {
        List<Box> candidates = Boxes.read(boxes);
        RgbImage picture = ImageDecoder.readWhole(image).on(common.trials().background());
        var found = referring.find(image.toString(), picture, candidates, boxes.toString(), expression);
        ReferredExample result = found.value();
        common.print(main, spec.commandLine().getOut(),
                image + ": " + expression + "\n" + ReferringText.boxes(result), found);
        common.report.write(() -> ReferPage.boxes(picture, result, found.settings()));
        if (annotate != null) {
            var drawn = result.choice(Method.SUM, Scoring.LESS_UNCONDITIONAL);
            BoxDrawing.write(annotate, picture, candidates, drawn.scores(), drawn.chosen());
        }
        common.json.write(result);
    }

    private void measure(Referring referring, List<ReferringExample> asked) {
        var page = new ReferPage();
        Answer<ReferringSummary> answered;
        try (var progress = new Progress("refer", asked.size(), spec.commandLine().getErr())) {
            answered = referring.examples(asked, (picture, example) -> {
                if (common.report.isWanted()) {
                    page.add(picture, example);
                }
                progress.step("");
            });
        }
        common.print(main, spec.commandLine().getOut(), asked.size() + " examples, intersection over union above 0.5\n"
                + ReferringText.accuracies(answered.value()), answered);
        main.noteFailures(answered.value().failed());
        common.report.write(() -> page.examples(answered.value()));
        common.json.write(answered.value());
    }
}
