package org.diffusionclassifier.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.diffusionclassifier.Classification;
import org.diffusionclassifier.Classifier;
import org.diffusionclassifier.device.DeviceException;
import org.diffusionclassifier.image.ImageDecoder;
import org.diffusionclassifier.image.ImageKind;
import org.diffusionclassifier.prompt.PromptSet;
import org.diffusionclassifier.report.RankingText;
import org.diffusionclassifier.result.ClassifiedImage;
import org.diffusionclassifier.tensor.InputException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code classify}: images in, ranked classes out. */
@Command(name = "classify", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Ranks classes for each image.")
final class ClassifyCommand implements Callable<Integer> {

    @ParentCommand
    private Main main;

    @Spec
    private CommandSpec spec;

    @Parameters(arity = "1..*", paramLabel = "IMAGE", description = ImageKind.READABLE + ".")
    private List<Path> images;

    @Mixin
    private ModelOptions model;

    @Mixin
    private PromptOptions promptOptions;

    @Mixin
    private TrialOptions trials;

    @Mixin
    private CertaintyOptions certainty;

    @Option(names = "--top", paramLabel = "N", defaultValue = "10",
            description = "Classes shown. Default: ${DEFAULT-VALUE}.")
    private int top;

    @Mixin
    private JsonOption json;

    @Mixin
    private ExplainOptions explain;

    @Override
    public Integer call() {
        try (var opened = model.open(main)) {
            PromptSet prompts = opened.prompts(promptOptions.spec(), List.of());
            try (var classifier = opened.classifier(prompts).strategy(trials.strategy(prompts.prompts().size()))
                    .trials(trials.trials()).certainty(certainty.spec()).check()) {
                if (top < 1) {
                    throw new InputException("--top: expected at least 1, found " + top);
                }
                explain.check(images, prompts);
                images.forEach(ImageDecoder::size);     // refuses a wrong file before hours are spent on the others
                json.check();
                main.note(classifier.notices());
                classify(classifier);
            }
            return 0;
        }
    }

    private void classify(Classifier classifier) {
        var printed = new Printed(classifier);
        classifier.classify(images, printed);
        printed.write();
    }

    /** Prints and keeps what is decided about each image. */
    private final class Printed implements Classifier.Results {

        private final PrintWriter out = spec.commandLine().getOut();
        private final List<ClassifiedImage> results = new ArrayList<>();
        private final RankingText ranking;
        private final ExplainOptions.Pages pages;

        Printed(Classifier classifier) {
            ranking = new RankingText(classifier.prompts(), top);
            pages = explain.new Pages(classifier, top);
        }

        @Override
        public void next(Classification answer, double seconds) {
            Path image = images.get(results.size());
            main.note(answer.notices());
            out.printf("%s: %s%n%s", image, ranking.winner(answer.prediction()),
                    ranking.render(answer.prediction(), answer.posterior()));
            String lead = ranking.lead(answer.prediction());
            out.printf(Locale.ROOT, "      %s%d pairs in %.1f s, %.0f pairs/s%n%n", lead.isEmpty() ? "" : lead + "; ",
                    answer.pairs(), seconds, answer.pairs() / seconds);
            out.flush();
            results.add(answer.described());
            pages.add(image, trials.trials().background(), answer);
        }

        @Override
        public void lost(String device, DeviceException failure) {
            main.noteLost(device, failure);
        }

        void write() {
            pages.write();
            json.write(results);
        }
    }
}
