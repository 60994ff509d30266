package org.diffusionclassifier.prompt;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.diffusionclassifier.file.CsvTable;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.tensor.Listed;

/**
 * Which class of the prompts each class of a dataset is. A dataset's class with a name is the class of that name
 * ({@linkplain ClassNames spelling aside}), wherever either stands in its list. Names that are all numbers, as
 * ImageNetV2's folders, are indices of classes where no class is so named. A file may say otherwise. Without names, a
 * label is the index.
 */
public final class ClassMap {

    private static final InputException.Field DATASET = InputException.field("dataset");
    private static final InputException.Field FILE = InputException.field("classMap");

    private static final Pattern NUMBER = Pattern.compile("\\d{1,9}");
    private static final Pattern WORDNET = Pattern.compile("n\\d{8}");

    private final List<Integer> indices;
    private final boolean byNumber;

    private ClassMap(List<Integer> indices, boolean byNumber) {
        this.indices = List.copyOf(indices);
        this.byNumber = byNumber;
    }

    /**
     * Matches classes.
     *
     * @param names the dataset's, by label; empty where its form has none
     * @param file  a CSV file with the columns {@code dataset}, a class's name in the dataset, and {@code class}, its
     *              name or index among the prompts'; may leave out classes that match by name, and have others; null
     *              for none
     * @throws InputException for a class that no prompt stands for, a name that means several, two classes of the
     *                        dataset that match one by their names, or a file that is wrong
     */
    public static ClassMap of(List<String> names, PromptSet prompts, Path file) {
        if (names.isEmpty()) {
            if (file != null) {
                throw InputException.of("%s: expected a dataset whose classes have names, found one of numbers alone",
                        FILE);
            }
            return new ClassMap(List.of(), false);
        }
        return new Lookup(names, prompts).match(file);
    }

    /** The index among the prompts' classes of a dataset's class. */
    public int classIndex(int label) {
        return indices.isEmpty() ? label : indices.get(label);
    }

    /** What its user should know: whether names were taken for indices. */
    public List<String> notices() {
        return byNumber ? List.of("the dataset's classes are named by numbers, which were taken for class indices")
                : List.of();
    }

    /** The work of {@link #of}, with what it needs at hand. */
    private record Lookup(List<String> names, PromptSet prompts, ClassNames known) {

        Lookup(List<String> names, PromptSet prompts) {
            this(names, prompts, new ClassNames(prompts.classes()));
        }

        ClassMap match(Path file) {
            Map<Integer, Integer> mapped = file == null ? Map.of() : read(file);
            List<Integer> byName = IntStream.range(0, names.size()).filter(label -> !mapped.containsKey(label)).boxed()
                    .toList();
            boolean byNumber = !byName.isEmpty() && byName.stream().map(names::get).allMatch(name ->
                    NUMBER.matcher(name.strip()).matches() && known.find(name).isEmpty());
            Map<Integer, Integer> indices = new HashMap<>(mapped);
            indices.putAll(byNumber ? numbers(byName) : find(byName));
            requireDistinct(byName, indices);
            return new ClassMap(IntStream.range(0, names.size()).mapToObj(indices::get).toList(), byNumber);
        }

        private Map<Integer, Integer> find(List<Integer> labels) {
            var indices = new HashMap<Integer, Integer>();
            var missing = new ArrayList<String>();
            for (int label : labels) {
                List<Integer> found = known.find(names.get(label));
                if (found.size() > 1) {
                    throw InputException.of("%s: class %s may be any of the prompts' classes %s: say which by %s",
                            DATASET, InputException.quoted(names.get(label)), quoted(found), FILE);
                }
                if (found.isEmpty()) {
                    missing.add(names.get(label));
                } else {
                    indices.put(label, found.get(0));
                }
            }
            refuse(missing);
            return indices;
        }

        private Map<Integer, Integer> numbers(List<Integer> labels) {
            var indices = new HashMap<Integer, Integer>();
            for (int label : labels) {
                indices.put(label, Integer.parseInt(names.get(label).strip()));
            }
            refuse(labels.stream().filter(label -> prompts.className(indices.get(label)) == null).map(names::get)
                    .toList());
            return indices;
        }

        private void refuse(List<String> missing) {
            if (!missing.isEmpty()) {
                boolean wordNet = missing.stream().allMatch(name -> WORDNET.matcher(name).matches());
                throw InputException.of("%s: expected classes that prompts stand for (%s), found also %s%s: say which "
                        + "they are by %s", DATASET, Listed.of(quotedAll(prompts.classes().values())),
                        Listed.of(quotedAll(missing)), wordNet ? ", ids of WordNet" : "", FILE);
            }
        }

        private static List<String> quotedAll(Collection<String> names) {
            return names.stream().map(InputException::quoted).toList();
        }

        private void requireDistinct(List<Integer> labels, Map<Integer, Integer> indices) {
            var first = new HashMap<Integer, Integer>();
            for (int label : labels) {
                Integer other = first.putIfAbsent(indices.get(label), label);
                if (other != null) {
                    throw InputException.of("%s: classes %s and %s are both the prompts' class %s by their names: say "
                            + "which they are by %s", DATASET, InputException.quoted(names.get(other)),
                            InputException.quoted(names.get(label)), quoted(List.of(indices.get(label))), FILE);
                }
            }
        }

        private String quoted(List<Integer> indices) {
            return indices.stream().map(index -> InputException.quoted(prompts.className(index)) + " (" + index + ")")
                    .collect(Collectors.joining(", "));
        }

        /** The prompts' classes by the dataset's labels, as a file has them. */
        private Map<Integer, Integer> read(Path file) {
            var labels = new TreeMap<Integer, String>();
            IntStream.range(0, names.size()).forEach(label -> labels.put(label, names.get(label)));
            var datasetNames = new ClassNames(labels);
            var mapped = new HashMap<Integer, Integer>();
            var table = CsvTable.read(file);
            String from = table.column("dataset");
            String to = table.column("class");
            for (var row : table.rows()) {
                int index = index(row, to);
                // None, if the dataset is a part of what the file is for.
                for (int label : datasetNames.find(row.get(from))) {
                    Integer before = mapped.putIfAbsent(label, index);
                    if (before != null && before != index) {
                        throw new InputException(row.where() + ": class " + InputException.quoted(row.get(from))
                                + " of the dataset is there twice");
                    }
                }
            }
            return mapped;
        }

        private int index(CsvTable.Row row, String column) {
            String text = row.get(column).strip();
            List<Integer> found = known.find(text);
            if (found.size() == 1) {
                return found.get(0);
            }
            boolean number = found.isEmpty() && NUMBER.matcher(text).matches();
            if (number && prompts.className(Integer.parseInt(text)) != null) {
                return Integer.parseInt(text);
            }
            throw new InputException(row.where() + ": " + column + ": expected the name or index of a class that a "
                    + "prompt stands for, found " + InputException.quoted(text)
                    + (found.isEmpty() ? "" : ", which may be any of " + quoted(found)));
        }
    }
}
