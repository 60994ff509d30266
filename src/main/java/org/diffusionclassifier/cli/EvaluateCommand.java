package org.diffusionclassifier.cli;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.function.UnaryOperator;
import org.diffusionclassifier.CertaintySpec;
import org.diffusionclassifier.Classifier;
import org.diffusionclassifier.DiffusionModel;
import org.diffusionclassifier.Evaluation;
import org.diffusionclassifier.TrialSpec;
import org.diffusionclassifier.dataset.Dataset;
import org.diffusionclassifier.dataset.Datasets;
import org.diffusionclassifier.prompt.PromptSet;
import org.diffusionclassifier.strategy.StrategySpec;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code evaluate}: accuracy on a labelled dataset, kept image by image so that it can be interrupted and resumed. */
@Command(name = "evaluate", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Measures accuracy on a labelled dataset. A second start with the same --out resumes the run.")
final class EvaluateCommand implements Callable<Integer> {

    @ParentCommand
    private Main main;

    @Spec
    private CommandSpec spec;

    @Option(names = "--dataset", required = true, paramLabel = "FORM:PATH",
            description = "idx:DIR (MNIST's files), folder:DIR (one folder a class), csv:FILE (path and "
                    + "classname or classidx), cifar10:DIR or cifar100:DIR (binary or pickles), parquet:PATH (image "
                    + "and label); an archive (.zip, .tar, .tar.gz) is a DIR, too. Classes go by their names, spelling "
                    + "aside, where there are names.")
    private String dataset;

    @Option(names = "--split", paramLabel = "NAME", defaultValue = "test",
            description = "train or test. Default: ${DEFAULT-VALUE}.")
    private String split;

    @Option(names = "--class-map", paramLabel = "CSV",
            description = "Which class of the prompts a class of the dataset is, where their names do not say: columns "
                    + "dataset,class, the latter a name or an index.")
    private Path classMap;

    @Mixin
    private ClusterOptions clusterOptions;

    @Mixin
    private ModelOptions model;

    @Mixin
    private PromptOptions promptOptions;

    @Mixin
    private TrialOptions trials;

    @Mixin
    private EvaluationOptions options;

    /**
     * What the command line asks for, opened; devices are not.
     *
     * @param evaluation of {@code images}, into the directory of the user's
     */
    record Asked(Dataset images, DiffusionModel model, PromptSet prompts, Evaluation evaluation, StrategySpec strategy,
            TrialSpec trials, CertaintySpec certainty) implements AutoCloseable {

        Classifier classifier() {
            return model.classifier(prompts).strategy(strategy).trials(trials).certainty(certainty);
        }

        @Override
        public void close() {
            model.close();
            images.close();
        }
    }

    @Override
    public Integer call() {
        try (ClusterRun cluster = ClusterRun.of(clusterOptions, main, model.device(), options.out, options.record)
                .orElse(null); Asked asked = open(UnaryOperator.identity(), UnaryOperator.identity())) {
            var run = new EvaluationRun(main, spec.commandLine(), options);
            if (run.plans(asked.model, asked.evaluation, asked.prompts, asked.strategy, asked.trials)) {
                return 0;
            }
            if (cluster == null) {
                run.run(asked.model, asked.evaluation, asked.prompts, asked.strategy, asked.trials);
            } else {
                run.run(asked.model, options.evaluation(asked.images, classMap, null, cluster.out(), cluster.record()),
                        asked.prompts, asked.strategy, asked.trials, cluster);
            }
            return 0;
        }
    }

    /** As {@link ModelOptions#open(Main, UnaryOperator, UnaryOperator)}. */
    Asked open(UnaryOperator<String> onDevice, UnaryOperator<String> ofModel) {
        Dataset images = Datasets.open(main.names().workingDirectory(), dataset, split);
        DiffusionModel opened = null;
        try {
            opened = model.open(main, onDevice, ofModel);
            PromptSet prompts = opened.prompts(promptOptions.spec(), images.classNames());
            return new Asked(images, opened, prompts, options.evaluation(images, classMap, null),
                    trials.strategy(prompts.prompts().size()), trials.trials(), options.certainty.spec());
        } catch (RuntimeException e) {
            if (opened != null) {
                opened.close();
            }
            images.close();
            throw e;
        }
    }
}
