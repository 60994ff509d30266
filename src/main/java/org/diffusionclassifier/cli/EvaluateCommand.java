package org.diffusionclassifier.cli;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.diffusionclassifier.dataset.Datasets;
import org.diffusionclassifier.prompt.PromptSet;
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
    private ModelOptions model;

    @Mixin
    private PromptOptions promptOptions;

    @Mixin
    private TrialOptions trials;

    @Mixin
    private EvaluationOptions options;

    @Override
    public Integer call() {
        try (var images = Datasets.open(dataset, split); var opened = model.open(main)) {
            PromptSet prompts = opened.prompts(promptOptions.spec(), images.classNames());
            new EvaluationRun(main, spec.commandLine(), options).run(opened, options.evaluation(images, classMap, null),
                    prompts, trials.strategy(prompts.prompts().size()), trials.trials());
            return 0;
        }
    }
}
