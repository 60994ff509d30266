package org.diffusionclassifier.cli;

import java.io.PrintWriter;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.diffusionclassifier.Classification;
import org.diffusionclassifier.dataset.Datasets;
import org.diffusionclassifier.model.BundledModel;
import org.diffusionclassifier.prompt.PromptSet;
import org.diffusionclassifier.report.RankingText;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code demo}: the bundled pictures by the bundled model. */
@Command(name = "demo", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Classifies the bundled pictures with the bundled model: garments from Fashion-MNIST's test set.")
final class DemoCommand implements Callable<Integer> {

    @ParentCommand
    private Main main;

    @Spec
    private CommandSpec spec;

    @Mixin
    private ModelOptions model;

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        try (var bundled = BundledModel.open(); var opened = model.open(main);
                var classifier = opened.classifier(PromptSet.read(bundled.prompts())).load()) {
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
                out.printf("%s  %-24s  %-17s  %s%s%n", right ? "✓" : "✗", example.name(), winner,
                        ranking.lead(answer.prediction()), right ? "" : "; it is labelled " + label);
                out.flush();
            }
            double seconds = (System.nanoTime() - start) * 1e-9;
            out.printf(Locale.ROOT, "%n%d of %d right; %d pairs in %.1f s, %.0f pairs/s%n", correct, dataset.size(), pairs,
                    seconds, pairs / seconds);
        }
        return 0;
    }
}
