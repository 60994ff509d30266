package org.diffusionclassifier.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.diffusionclassifier.Answer;
import org.diffusionclassifier.Matching;
import org.diffusionclassifier.dataset.MatchingExample;
import org.diffusionclassifier.image.ImageKind;
import org.diffusionclassifier.model.BundledModel;
import org.diffusionclassifier.report.MatchingText;
import org.diffusionclassifier.report.html.MatchPage;
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
        description = "Matches captions and pictures: prints their errors as a matrix, or scores examples in the form of "
                + "Winoground.")
final class MatchCommand implements Callable<Integer> {

    @ParentCommand
    private Main main;

    @Spec
    private CommandSpec spec;

    @Parameters(arity = "0..*", paramLabel = "IMAGE", description = ImageKind.READABLE + ".")
    private List<Path> images = List.of();

    @Option(names = "--captions", paramLabel = "TEXT", split = ",",
            description = "What to compare the images with; one that has a comma in it in double quotes.")
    private List<String> captions;

    @Option(names = "--examples", paramLabel = "FILE",
            description = "Instead: two pictures and two captions a line, as JSON with image_0, image_1 (relative to "
                    + "the file), caption_0, caption_1 and tag. Winoground's own list will do, beside its folder "
                    + "images.")
    private Path examples;

    @Option(names = "--demo", description = "Instead: the bundled examples.")
    private boolean demo;

    @Option(names = "--fail-fast",
            description = "With examples: stop at the first picture that cannot be read, rather than go on without it.")
    private boolean failFast;

    @Mixin
    private CaptionOptions common;

    @Override
    public Integer call() {
        try (var model = common.model.open(main)) {
            Matching matching = model.matching().trials(common.trials()).nSamples(common.nSamples())
                    .failFast(failFast);
            int inputs = (images.isEmpty() ? 0 : 1) + (examples == null ? 0 : 1) + (demo ? 1 : 0);
            if (inputs != 1) {
                throw new InputException("match: expected one of IMAGE…, --examples and --demo, found "
                        + (inputs == 0 ? "none" : "several"));
            }
            if (images.isEmpty() != (captions == null)) {
                throw new InputException("--captions: expected with IMAGE…, and only there");
            }
            common.json.check();
            common.report.check();
            if (!images.isEmpty()) {
                compare(matching);
            } else if (demo) {
                try (var bundled = BundledModel.open()) {
                    score(matching, MatchingExample.read(bundled.matching()));
                }
            } else {
                score(matching, MatchingExample.read(examples));
            }
            return 0;
        }
    }

    private void compare(Matching matching) {
        var page = new MatchPage();
        var compared = matching.matrix(images, captions.stream().map(MatchCommand::unquoted).toList(), (picture, errors) -> {
            if (common.report.isWanted()) {
                page.add(picture, errors);
            }
        });
        common.print(main, spec.commandLine().getOut(), MatchingText.matrix(compared.value()), compared);
        common.report.write(() -> page.matrix(compared.value(), compared.settings()));
        common.json.write(compared.value());
    }

    /** Quotes that kept a caption's commas from splitting it are not part of it. */
    private static String unquoted(String given) {
        String caption = given.strip();
        boolean quoted = caption.length() > 1 && caption.startsWith("\"") && caption.endsWith("\"");
        return quoted ? caption.substring(1, caption.length() - 1).strip() : caption;
    }

    private void score(Matching matching, List<MatchingExample> asked) {
        var page = new MatchPage();
        Answer<MatchingSummary> matched;
        try (var progress = new Progress("match", asked.size(), spec.commandLine().getErr())) {
            matched = matching.examples(asked, (pictures, example) -> {
                if (common.report.isWanted()) {
                    page.add(pictures, example);
                }
                progress.step("");
            });
        }
        common.print(main, spec.commandLine().getOut(), MatchingText.scores(matched.value()), matched);
        main.noteFailures(matched.value().failed());
        common.report.write(() -> page.examples(matched.value()));
        common.json.write(matched.value());
    }
}
