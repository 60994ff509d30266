package org.diffusionclassifier.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import me.tongfei.progressbar.ProgressBar;
import org.diffusionclassifier.dataset.MatchingExample;
import org.diffusionclassifier.file.JsonFile;
import org.diffusionclassifier.image.ImageDecoder;
import org.diffusionclassifier.model.BundledModel;
import org.diffusionclassifier.report.MatchingText;
import org.diffusionclassifier.report.html.MatchPage;
import org.diffusionclassifier.result.CaptionErrors;
import org.diffusionclassifier.result.MatchedExample;
import org.diffusionclassifier.result.MatchedPicture;
import org.diffusionclassifier.result.MatchingSummary;
import org.diffusionclassifier.tensor.InputException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code match}: which caption belongs to which picture. */
@Command(name = "match", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Puts captions and pictures together: prints their errors as a matrix, or scores examples in the "
                + "form of Winoground.")
final class MatchCommand implements Callable<Integer> {

    @ParentCommand
    private Main main;

    @Spec
    private CommandSpec spec;

    @Parameters(arity = "0..*", paramLabel = "IMAGE", description = "PNG, JPEG, WebP, GIF, BMP or TIFF.")
    private List<Path> images = List.of();

    @Option(names = "--captions", paramLabel = "TEXT", split = ",",
            description = "What to compare the images with; one that has a comma in it in double quotes.")
    private List<String> captions;

    @Option(names = "--examples", paramLabel = "FILE",
            description = "Instead: two pictures and two captions a line, as JSON with image_0, image_1 (relative to "
                    + "the file), caption_0, caption_1 and tag.")
    private Path examples;

    @Option(names = "--demo", description = "Instead: the bundled examples.")
    private boolean demo;

    @Mixin
    private ModelOptions model;

    @Mixin
    private SharedTrialOptions trials;

    @Option(names = "--json", paramLabel = "FILE", description = "Write errors and scores there, too.")
    private Path json;

    @Mixin
    private ReportOptions report;

    @Override
    public Integer call() {
        try (var bundled = BundledModel.open(); var opened = model.open(bundled)) {
            CaptionSession.check(opened, trials, "match");
            int inputs = (images.isEmpty() ? 0 : 1) + (examples == null ? 0 : 1) + (demo ? 1 : 0);
            if (inputs != 1) {
                throw new InputException("match: expected one of IMAGE…, --examples and --demo, found "
                        + (inputs == 0 ? "none" : "several"));
            }
            if (images.isEmpty() != (captions == null)) {
                throw new InputException("--captions: expected with IMAGE…, and only there");
            }
            if (json != null) {
                OutputFile.requireWritable("--json", json);
            }
            report.check();
            if (images.isEmpty()) {
                score(MatchingExample.read(demo ? bundled.matching() : examples), opened);
            } else {
                compare(opened);
            }
            return 0;
        }
    }

    private void compare(OpenedModel opened) {
        List<String> told = captions.stream().map(MatchCommand::unquoted).toList();
        if (told.contains("")) {
            throw new InputException("--captions: caption " + (told.indexOf("") + 1) + " is empty");
        }
        if (told.stream().distinct().count() < told.size()) {
            throw new InputException("--captions: expected each caption once, found one twice");
        }
        if (images.size() == 1 && told.size() == 1) {
            throw new InputException("match: expected at least two captions or two images to compare, found one of "
                    + "each");
        }
        images.forEach(ImageDecoder::read);     // refuses a bad one before hours are spent on the others
        var names = images.stream().map(Path::toString).toList();
        var errors = new ArrayList<CaptionErrors>();
        try (var session = open(told, opened)) {
            images.forEach(image -> errors.add(session.errors(ImageDecoder.read(image), told)));
            print(MatchingText.matrix(names, told, errors), session);
            report.write(() -> MatchPage.matrix(images, told, errors, session.settings()));
        }
        if (json != null) {
            var rows = new ArrayList<MatchedPicture>();
            for (int i = 0; i < names.size(); i++) {
                rows.add(MatchedPicture.of(names.get(i), told, errors.get(i)));
            }
            JsonFile.write(json, rows);
        }
    }

    /** Quotes that kept a caption's commas from splitting it are not part of it. */
    private static String unquoted(String given) {
        String caption = given.strip();
        boolean quoted = caption.length() > 1 && caption.startsWith("\"") && caption.endsWith("\"");
        return quoted ? caption.substring(1, caption.length() - 1).strip() : caption;
    }

    private void score(List<MatchingExample> asked, OpenedModel opened) {
        asked.stream().flatMap(example -> example.images().stream()).distinct().forEach(ImageDecoder::read);
        var matched = new ArrayList<MatchedExample>();
        try (var session = open(asked.stream().flatMap(example -> example.captions().stream()).toList(), opened)) {
            try (ProgressBar progress = Progress.bar("match", "", 1, asked.size(), spec.commandLine().getErr())) {
                for (MatchingExample example : asked) {
                    matched.add(MatchedExample.of(example, Stream.of(0, 1).map(i -> session.errors(
                            ImageDecoder.read(example.images().get(i)), example.captions())).toList()));
                    progress.step();
                }
            }
            var summary = MatchingSummary.of(matched, session.settings());
            print(MatchingText.scores(summary), session);
            report.write(() -> MatchPage.examples(asked, summary));
            if (json != null) {
                JsonFile.write(json, summary);
            }
        }
    }

    private CaptionSession open(List<String> told, OpenedModel opened) {
        return new CaptionSession(opened, trials, told, main.verbose ? spec.commandLine().getErr() : null);
    }

    private void print(String text, CaptionSession session) {
        PrintWriter out = spec.commandLine().getOut();
        out.printf("%s%n%s%n", text, session.work());
        out.flush();
    }
}
