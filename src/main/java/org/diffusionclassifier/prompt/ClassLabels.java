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
        return ofNumbers(texts.stream().map(this::label).toList());
    }

    private PromptSet ofNumbers(List<Integer> labels) {
        var prompts = new ArrayList<Prompt>();
        var seen = new HashSet<Integer>();
        for (int label : labels) {
            if (!seen.add(label)) {
                throw InputException.of("%s: label %d is given twice", PromptSet.CLASSES, label);
            }
            prompts.add(new Prompt(String.valueOf(label), names.get(label), prompts.size()));
        }
        return new PromptSet(prompts);
    }

    /**
     * What a dataset's images are compared with: the labels of its classes' names,
     * {@linkplain ClassNames spelling aside}, if the model has them all, and otherwise all labels. {@link ClassMap}
     * says which of them the classes are.
     *
     * @param classNames of the dataset, in the order of its classes; empty where it has none
     */
    public PromptSet ofDataset(List<String> classNames) {
        PromptSet all = all();
        var known = new ClassNames(all.classes());
        List<List<Integer>> found = classNames.stream().map(known::find).toList();
        boolean each = !found.isEmpty() && found.stream().allMatch(labels -> labels.size() == 1)
                && found.stream().distinct().count() == found.size();
        return each ? ofNumbers(found.stream().map(labels -> labels.get(0)).toList()) : all;
    }

    /** Prompts whose texts name labels, with the labels' numbers for texts. */
    public PromptSet resolve(PromptSet prompts) {
        return new PromptSet(prompts.prompts().stream().map(prompt ->
                new Prompt(String.valueOf(label(prompt.text())), prompt.className(), prompt.classIndex())).toList());
    }
}
