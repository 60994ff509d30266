package org.diffusionclassifier.cli;

import java.nio.file.Path;
import java.util.List;
import org.diffusionclassifier.prompt.ClassLabels;
import org.diffusionclassifier.prompt.PromptSet;
import org.diffusionclassifier.tensor.InputException;
import picocli.CommandLine.Option;

/** What an image is compared with. */
final class PromptOptions {

    private static final String TEMPLATE = "a photo of a {}.";

    @Option(names = "--prompts", paramLabel = "CSV",
            description = "Captions, columns prompt,classname,classidx; a class may have several. For a DiT, labels. "
                    + "Default with the bundled model: its own.")
    Path prompts;

    @Option(names = "--classes", paramLabel = "NAME", split = ",",
            description = "Class names, put into the template. For a DiT, its labels' names or numbers; default: all.")
    List<String> classes;

    @Option(names = "--template", paramLabel = "TEXT",
            description = "Caption of a class, {} standing for its name. Default: " + TEMPLATE)
    String template;

    /**
     * @param bundled      prompts of the bundled model, or null if another model is asked for
     * @param datasetNames class names that the dataset brings along; empty for none
     */
    PromptSet read(Path bundled, List<String> datasetNames) {
        if (prompts != null && (classes != null || template != null)) {
            throw new InputException("--prompts brings its own captions: expected no --classes or --template beside it");
        }
        String filled = template == null ? TEMPLATE : template;
        if (prompts != null) {
            return PromptSet.read(prompts);
        }
        if (classes != null) {
            return PromptSet.of(classes, filled);
        }
        if (bundled != null && template == null) {
            return PromptSet.read(bundled);
        }
        if (!datasetNames.isEmpty()) {
            return PromptSet.of(datasetNames, filled);
        }
        throw new InputException("no classes to compare: expected --prompts CSV or --classes NAME,…");
    }

    /**
     * As {@link #read}, for a model that is conditioned on labels: texts are the labels' numbers.
     *
     * @param datasetNames as there; without a dataset or names all labels are compared
     */
    PromptSet readLabels(ClassLabels labels, List<String> datasetNames) {
        if (template != null) {
            throw new InputException("--template: expected none with a model that is conditioned on labels, not on captions");
        }
        if (prompts != null && classes != null) {
            throw new InputException("--prompts brings its own classes: expected no --classes beside it");
        }
        if (prompts != null) {
            return labels.resolve(PromptSet.read(prompts));
        }
        return classes != null ? labels.of(classes) : labels.ofDataset(datasetNames);
    }
}
