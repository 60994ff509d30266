package org.diffusionclassifier.cli;

import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import org.diffusionclassifier.Classification;
import org.diffusionclassifier.DiffusionModel;
import org.diffusionclassifier.dataset.Datasets;
import org.diffusionclassifier.dataset.MatchingExample;
import org.diffusionclassifier.model.BundledModel;
import org.diffusionclassifier.prompt.PromptSet;
import org.diffusionclassifier.report.RankingText;
import org.diffusionclassifier.result.MatchingSummary.Scores;
import org.diffusionclassifier.result.Scoring;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code demo}: the bundled pictures by the bundled model, classified, then matched with captions. */
@Command(name = "demo", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Classifies the bundled pictures with the bundled model, garments from Fashion-MNIST's test set, "
                + "and matches pictures of two garments with their captions.")
final class DemoCommand implements Callable<Integer> {

    @ParentCommand
    private Main main;

    @Spec
    private CommandSpec spec;

    @Mixin
    private ModelOptions model;

    /** Every tenth example of {@code match --demo}, by so many trials: a few seconds. */
    private static final int MATCHED_OF = 10;
    private static final int MATCHING_TRIALS = 10;

    @Override
    public Integer call() {
        try (var bundled = BundledModel.open(); var opened = model.open(main)) {
            classify(bundled, opened);
            if (opened.labels().isEmpty()) {    // conditioned on captions
                match(bundled, opened);
            }
        }
        return 0;
    }

    private void classify(BundledModel bundled, DiffusionModel opened) {
        PrintWriter out = spec.commandLine().getOut();
        try (var classifier = opened.classifier(PromptSet.read(bundled.prompts())).load()) {
            PromptSet prompts = classifier.prompts();
            var ranking = new RankingText(prompts, prompts.classCount());
            var dataset = Datasets.csv(bundled.images().resolve("labels.csv"));
            out.printf("%d pictures, %d classes, on %s%n%n", dataset.size(), prompts.classCount(), opened.description());
            out.flush();
            long start = System.nanoTime();
            long pairs = 0;
            int correct = 0;
            for (int i = 0; i < dataset.size(); i++) {
                var example = dataset.get(i);
                Classification answer = classifier.classify(example.name(), example.image());
                main.note(answer.notices());
                pairs += answer.pairs();
                String winner = answer.best().name();
                String label = prompts.className(example.label());
                boolean right = winner.equals(label);
                correct += right ? 1 : 0;
                if (i == 0) {
                    out.printf("%s: %s%n%s%n", example.name(), winner,
                            ranking.render(answer.prediction(), answer.posterior()));
                }
                out.printf("%s  %-24s  %-17s  %s%s%n", mark(right), example.name(), winner,
                        ranking.lead(answer.prediction()), right ? "" : "; it is labelled " + label);
                out.flush();
            }
            double seconds = (System.nanoTime() - start) * 1e-9;
            out.printf(Locale.ROOT, "%n%d of %d right; %d pairs in %.1f s, %.0f pairs/s%n", correct, dataset.size(), pairs,
                    seconds, pairs / seconds);
        }
    }

    private void match(BundledModel bundled, DiffusionModel opened) {
        PrintWriter out = spec.commandLine().getOut();
        List<MatchingExample> all = MatchingExample.read(bundled.matching());
        List<MatchingExample> some = IntStream.iterate(0, i -> i < all.size(), i -> i + MATCHED_OF)
                .mapToObj(all::get).toList();
        out.printf("%nWhich caption belongs to which of two pictures, by %d trials:%n%n", MATCHING_TRIALS);
        out.flush();
        var matched = opened.matching().nSamples(MATCHING_TRIALS).examples(some, (pictures, example) -> {
            boolean right = example.verdict(Scoring.LESS_UNCONDITIONAL).group();
            out.printf("%s  %s | %s%n", mark(right), example.captions().get(0), example.captions().get(1));
            out.flush();
        });
        Scores scores = matched.value().scores(Scoring.LESS_UNCONDITIONAL).get(0);
        out.printf(Locale.ROOT, "%n%d of %d matched rightly, captions to pictures and pictures to captions; %d pairs in "
                + "%.1f s%n", scores.group().right(), some.size(), matched.pairs(), matched.seconds());
    }

    private static String mark(boolean right) {
        return right ? "✓" : "✗";
    }
}
