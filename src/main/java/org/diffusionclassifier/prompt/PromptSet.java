package org.diffusionclassifier.prompt;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.diffusionclassifier.file.CsvTable;
import org.diffusionclassifier.file.Sha256;
import org.diffusionclassifier.strategy.Prediction;
import org.diffusionclassifier.tensor.InputException;

/**
 * The captions that an image is compared with, read from a CSV file in the form of the paper's official repository
 * (columns {@code prompt,classname,classidx}) or made from class names and a template.
 */
public record PromptSet(List<Prompt> prompts) {

    static final InputException.Field CLASSES = InputException.field("classes");

    public PromptSet {
        prompts = List.copyOf(prompts);
    }

    /**
     * Reads a prompt file. Other columns than {@code prompt}, {@code classname} and {@code classidx} are ignored, class
     * indices need be neither contiguous nor sorted.
     *
     * @throws InputException for a file that is no such CSV, has no rows, a class index that is not an integer from 0,
     *                        an empty prompt, or two names for one class
     */
    public static PromptSet read(Path csv) {
        var table = CsvTable.read(csv);
        var text = table.column("prompt");
        var className = table.column("classname");
        var classIndex = table.column("classidx");
        var prompts = new ArrayList<Prompt>();
        Map<Integer, CsvTable.Row> named = new HashMap<>();
        for (var row : table.rows()) {
            var prompt = new Prompt(row.get(text), row.get(className), row.index(classIndex));
            if (prompt.text().isBlank()) {
                throw new InputException(row.where() + ": the prompt is empty");
            }
            var first = named.putIfAbsent(prompt.classIndex(), row);
            if (first != null && !first.get(className).equals(prompt.className())) {
                throw new InputException(row.where() + ": class " + prompt.classIndex() + " is named "
                        + InputException.quoted(prompt.className()) + " here and " + InputException.quoted(first.get(className))
                        + " at " + first.where());
            }
            prompts.add(prompt);
        }
        return new PromptSet(prompts);
    }

    /**
     * One prompt a class: {@code template} with every {@code {}} replaced by the class's name, class indices in the
     * order of the names. Blanks around a name are dropped.
     *
     * @throws InputException for no names, a blank name, one given twice, or a template without {@code {}}
     */
    public static PromptSet of(List<String> classNames, String template) {
        if (classNames.isEmpty()) {
            throw InputException.of("%s: expected at least one class name", CLASSES);
        }
        if (!template.contains("{}")) {
            throw InputException.of("%s: expected {} where the class name goes, found %s",
                    InputException.field("template"), InputException.quoted(template));
        }
        var prompts = new ArrayList<Prompt>();
        var seen = new HashSet<String>();
        for (var given : classNames) {
            var name = given.strip();
            if (name.isEmpty()) {
                throw InputException.of("%s: class %d has an empty name", CLASSES, prompts.size());
            }
            if (!seen.add(name)) {
                throw InputException.of("%s: %s is given twice", CLASSES, InputException.quoted(name));
            }
            prompts.add(new Prompt(template.replace("{}", name), name, prompts.size()));
        }
        return new PromptSet(prompts);
    }

    /** Every class's name by its index, in the order of the indices. */
    public SortedMap<Integer, String> classes() {
        var classes = new TreeMap<Integer, String>();
        prompts.forEach(prompt -> classes.put(prompt.classIndex(), prompt.className()));
        return Collections.unmodifiableSortedMap(classes);
    }

    /** The name of the class with this index, null where no prompt stands for it. */
    public String className(int classIndex) {
        return classes().get(classIndex);
    }

    /** How many classes the prompts stand for. */
    public int classCount() {
        return classes().size();
    }

    /** The class of each prompt, by its index. */
    public List<Integer> classIndices() {
        return prompts.stream().map(Prompt::classIndex).toList();
    }

    /** Ranks of each class's best prompt in a prediction about these prompts, the best class first. */
    public List<Integer> classRanks(Prediction prediction) {
        return prediction.classRanks(classIndices());
    }

    /** Digest of all prompts with their classes, in order: equal for equal sets, whatever file they came from. */
    public String sha256() {
        var sum = new Sha256();
        prompts.forEach(prompt -> sum.add(prompt.text(), prompt.className(), prompt.classIndex()));
        return sum.hex();
    }
}
