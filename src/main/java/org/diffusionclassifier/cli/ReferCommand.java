package org.diffusionclassifier.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import me.tongfei.progressbar.ProgressBar;
import org.diffusionclassifier.dataset.Boxes;
import org.diffusionclassifier.dataset.ReferringExample;
import org.diffusionclassifier.file.JsonFile;
import org.diffusionclassifier.image.Box;
import org.diffusionclassifier.image.ImageDecoder;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.model.BundledModel;
import org.diffusionclassifier.report.BoxDrawing;
import org.diffusionclassifier.report.ReferringText;
import org.diffusionclassifier.report.html.ReferPage;
import org.diffusionclassifier.result.BoxErrors.Method;
import org.diffusionclassifier.result.BoxErrors;
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

/** {@code refer}: which of a picture's boxes an expression means. */
@Command(name = "refer", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Finds the box that an expression refers to, or measures accuracy on examples in the manner of "
                + "RefCOCO.")
final class ReferCommand implements Callable<Integer> {

    @ParentCommand
    private Main main;

    @Spec
    private CommandSpec spec;

    @Parameters(arity = "0..1", paramLabel = "IMAGE", description = "PNG, JPEG, WebP, GIF, BMP or TIFF.")
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

    @Mixin
    private ModelOptions model;

    @Mixin
    private SharedTrialOptions trials;

    @Option(names = "--json", paramLabel = "FILE", description = "Write errors and choices there, too.")
    private Path json;

    @Mixin
    private ReportOptions report;

    @Override
    public Integer call() {
        try (var bundled = BundledModel.open(); var opened = model.open(bundled)) {
            CaptionSession.check(opened, trials, "refer");
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
            if (json != null) {
                OutputFile.requireWritable("--json", json);
            }
            if (annotate != null) {
                OutputFile.requireWritable("--annotate", annotate);
            }
            report.check();
            if (image != null) {
                find(opened);
            } else {
                measure(ReferringExample.read(examples), opened);
            }
            return 0;
        }
    }

    private void find(OpenedModel opened) {
        if (expression.isBlank()) {
            throw new InputException("--expression is empty");
        }
        List<Box> candidates = Boxes.read(boxes);
        RgbImage picture = ImageDecoder.read(image);
        Boxes.requireIn(picture, candidates, boxes.toString());
        ReferredExample result;
        try (var session = open(List.of(expression), opened)) {
            result = ReferredExample.of(image.toString(), expression, candidates,
                    errors(session, picture, candidates, expression));
            print(image + ": " + expression + "\n" + ReferringText.boxes(result), session);
            report.write(() -> ReferPage.boxes(picture, result, session.settings()));
        }
        if (annotate != null) {
            var drawn = result.choice(Method.SUM, Scoring.LESS_UNCONDITIONAL);
            BoxDrawing.write(annotate, picture, candidates, drawn.scores(), drawn.chosen());
        }
        if (json != null) {
            JsonFile.write(json, result);
        }
    }

    private void measure(List<ReferringExample> asked, OpenedModel opened) {
        for (ReferringExample example : asked) {    // refuses a bad one before hours are spent on the others
            RgbImage picture = ImageDecoder.read(example.image());
            Boxes.requireIn(picture, example.boxes(), example.where() + ": boxes");
            Boxes.requireIn(picture, List.of(example.truth()), example.where() + ": truth");
        }
        var answered = new ArrayList<ReferredExample>();
        try (var session = open(asked.stream().map(ReferringExample::expression).toList(), opened)) {
            try (ProgressBar progress = Progress.bar("refer", "", 1, asked.size(), spec.commandLine().getErr())) {
                for (ReferringExample example : asked) {
                    answered.add(ReferredExample.of(example, errors(session, ImageDecoder.read(example.image()),
                            example.boxes(), example.expression())));
                    progress.step();
                }
            }
            var summary = ReferringSummary.of(asked, answered, session.settings());
            print(asked.size() + " examples, intersection over union above 0.5\n" + ReferringText.accuracies(summary),
                    session);
            report.write(() -> ReferPage.examples(asked, summary));
            if (json != null) {
                JsonFile.write(json, summary);
            }
        }
    }

    private static List<BoxErrors> errors(CaptionSession session, RgbImage picture, List<Box> candidates,
                                          String expression) {
        return candidates.stream().map(box -> new BoxErrors(session.errors(box.crop(picture), List.of(expression)),
                session.errors(box.mask(picture), List.of(expression)))).toList();
    }

    private CaptionSession open(List<String> expressions, OpenedModel opened) {
        return new CaptionSession(opened, trials, expressions,
                main.verbose ? spec.commandLine().getErr() : null);
    }

    private void print(String text, CaptionSession session) {
        PrintWriter out = spec.commandLine().getOut();
        out.printf("%s%n%s%n", text, session.work());
        out.flush();
    }
}
