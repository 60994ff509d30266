package org.diffusionclassifier.prompt;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.diffusionclassifier.tensor.InputException;

/**
 * What a class-conditional model can be conditioned on: labels from 0 on, each with a name for people, in which commas
 * separate names for the same thing ("tench, Tinca tinca"). A prompt for such a model is a label's number.
 *
 * @param names one a label, in the order of the labels
 */
public record ClassLabels(List<String> names) {

    public ClassLabels {
        names = List.copyOf(names);
    }

    /**
     * The label with a number or name.
     *
     * @param text its number, its name, or one of the names between commas
     * @throws InputException if that is none, or several
     */
    public int label(String text) {
        OptionalInt label = find(text);
        if (label.isPresent()) {
            return label.getAsInt();
        }
        List<Integer> several = named(text.strip());
        throw new InputException("class " + InputException.quoted(text.strip()) + ": expected "
                + (several.isEmpty() ? "a label's name or number from 0 to " + (names.size() - 1)
                        : "one label, found " + several + ": give its number"));
    }

    private OptionalInt find(String text) {
        String wanted = text.strip();
        if (wanted.matches("\\d{1,9}")) {
            int number = Integer.parseInt(wanted);
            return number < names.size() ? OptionalInt.of(number) : OptionalInt.empty();
        }
        List<Integer> labels = named(wanted);
        return labels.size() == 1 ? OptionalInt.of(labels.get(0)) : OptionalInt.empty();
    }

    private List<Integer> named(String wanted) {
        var labels = new ArrayList<Integer>();
        for (int label = 0; label < names.size(); label++) {
            String name = names.get(label);
            if (name.equals(wanted) || List.of(name.split("\\s*,\\s*")).contains(wanted)) {
                labels.add(label);
            }
        }
        return labels;
    }

    /** All labels, each standing for the class of its number. */
    public PromptSet all() {
        return new PromptSet(IntStream.range(0, names.size())
                .mapToObj(label -> new Prompt(String.valueOf(label), names.get(label), label)).toList());
    }

    /**
     * Labels by number or name, the i-th standing for class i.
     *
     * @throws InputException as {@link #label}, or for a label that is given twice
     */
    public PromptSet of(List<String> texts) {
        var prompts = new ArrayList<Prompt>();
        var seen = new HashSet<Integer>();
        for (String text : texts) {
            int label = label(text);
            if (!seen.add(label)) {
                throw InputException.of("%s: label %d is given twice", PromptSet.CLASSES, label);
            }
            prompts.add(new Prompt(String.valueOf(label), names.get(label), prompts.size()));
        }
        return new PromptSet(prompts);
    }

    /**
     * What a dataset's classes are to the model: the labels of their names, if the model has them all. Otherwise the labels
     * of their numbers, if there are as many classes as labels or the number of classes is unknown.
     *
     * @param classNames of the dataset, in the order of its classes; empty where it has none
     * @throws InputException if there are others
     */
    public PromptSet ofDataset(List<String> classNames) {
        boolean known = !classNames.isEmpty() && classNames.stream().allMatch(name -> !named(name.strip()).isEmpty());
        if (known) {
            return of(classNames);
        }
        if (!classNames.isEmpty() && classNames.size() != names.size()) {
            throw InputException.of("%s: expected %d classes, as the model has labels, or names that it knows, found "
                    + "%d classes: say which labels they are by %s", InputException.field("dataset"), names.size(),
                    classNames.size(), PromptSet.CLASSES);
        }
        return all();
    }

    /** Prompts whose texts name labels, with the labels' numbers for texts. */
    public PromptSet resolve(PromptSet prompts) {
        return new PromptSet(prompts.prompts().stream().map(prompt ->
                new Prompt(String.valueOf(label(prompt.text())), prompt.className(), prompt.classIndex())).toList());
    }
}
