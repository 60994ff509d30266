package org.diffusionclassifier.prompt;

import java.nio.file.Path;
import java.util.List;
import org.diffusionclassifier.tensor.InputException;

/**
 * What an image is to be compared with, before the model is known.
 *
 * @param prompts  a CSV file, columns {@code prompt,classname,classidx}; null for none
 * @param classes  class names for the template, or names or numbers of labels; null for none
 * @param template a class's caption, with {} where its name goes; null for {@link #TEMPLATE}
 */
public record PromptSpec(Path prompts, List<String> classes, String template) {

    public static final String TEMPLATE = "a photo of a {}.";

    private static final InputException.Field PROMPTS = InputException.field("prompts");

    /** @throws InputException for classes or a template beside a file of prompts */
    public PromptSpec {
        if (prompts != null && (classes != null || template != null)) {
            throw InputException.of("%s brings its own captions: expected no %s or %s beside it", PROMPTS,
                    InputException.field("classes"), InputException.field("template"));
        }
        classes = classes == null ? null : List.copyOf(classes);
    }

    /** The default of everything: the model's own prompts, the dataset's class names, or all labels. */
    public static PromptSpec byDefault() {
        return new PromptSpec(null, null, null);
    }

    /** Class names for the default template, or names or numbers of labels. */
    public static PromptSpec ofClasses(List<String> classes) {
        return new PromptSpec(null, classes, null);
    }

    /**
     * For a model that is conditioned on captions.
     *
     * @param bundled      the model's own prompts, or null if it has none
     * @param datasetNames class names that the dataset brings along, whose underscores stand for blanks; empty for none
     * @throws InputException for a file or names that are wrong, or if there are none
     */
    public PromptSet captions(Path bundled, List<String> datasetNames) {
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
            return PromptSet.of(datasetNames.stream().map(name -> name.replace('_', ' ')).toList(), filled);
        }
        throw InputException.of("no classes to compare: expected %s CSV or %s NAME,…", PROMPTS, PromptSet.CLASSES);
    }

    /**
     * For a model that is conditioned on labels: texts are the labels' numbers.
     *
     * @param datasetNames as above; without classes, prompts and names all labels are compared
     * @throws InputException for a template, or classes that are no labels
     */
    public PromptSet labels(ClassLabels labels, List<String> datasetNames) {
        if (template != null) {
            throw InputException.of("%s: expected none with a model that is conditioned on labels, not captions",
                    InputException.field("template"));
        }
        if (prompts != null) {
            return labels.resolve(PromptSet.read(prompts));
        }
        return classes != null ? labels.of(classes) : labels.ofDataset(datasetNames);
    }
}
