package org.diffusionclassifier.cli;

import java.nio.file.Path;
import picocli.CommandLine.Option;

/** Whether a model that is not here is fetched from the Hub. */
final class PullOption {

    @Option(names = "--pull",
            description = "Fetch the model from the Hugging Face Hub if it is not here, and the tokenizer that a model "
                    + "in one file lacks.")
    private boolean pull;

    /**
     * As {@link ModelFinder#find}, with the tokenizer where none is given.
     *
     * @throws org.diffusionclassifier.tensor.InputException as that
     */
    Path find(Main main, String name, CheckpointOptions checkpoint) {
        Path model = main.finder().find(name, pull);
        if (pull && !checkpoint.hasTokenizer()) {
            main.finder().pullTokenizer(model);
        }
        return model;
    }
}
