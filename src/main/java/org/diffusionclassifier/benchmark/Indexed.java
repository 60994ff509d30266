package org.diffusionclassifier.benchmark;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.diffusionclassifier.dataset.Dataset;
import org.diffusionclassifier.dataset.DatasetView;
import org.diffusionclassifier.prompt.PromptSet;
import org.diffusionclassifier.tensor.InputException;

/**
 * A data set whose labels are the indices of a benchmark's classes, however many of them have pictures.
 *
 * @param base     labelled by their own classes
 * @param indices  of these, by label
 * @param notices  the data set's, and how its classes were recognised where that is no matter of course
 */
record Indexed(Dataset base, List<Integer> indices, List<String> notices) implements DatasetView {

    /**
     * @param keys the benchmark's classes, by index, as the data set's files call them; capitals make no difference,
     *             nor do blanks, slashes and underscores, one of which stands for another in mirrors
     * @param captions with the classes' names: a data set with as many classes of which at least half have these names,
     *                 or count them among several ("tench, Tinca tinca"), has the same classes in the same order
     * @return {@code pictures} themselves if their classes have no names
     * @throws InputException for a class that is none of them
     */
    static Dataset of(Dataset pictures, List<String> keys, PromptSet captions) {
        if (pictures.classNames().isEmpty()) {
            return pictures;
        }
        List<String> known = keys.stream().map(Indexed::plain).toList();
        List<String> names = pictures.classNames().stream().map(Indexed::plain).toList();
        long alike = alike(names, captions);
        if (!known.containsAll(names) && 2 * alike >= names.size()) {
            var notices = new ArrayList<String>(pictures.notices());
            notices.add("classes are taken by their numbers: " + alike + " of " + names.size()
                    + " have the benchmark's names");
            return new Indexed(pictures, captions.classIndices(), notices);
        }
        var indices = new ArrayList<Integer>();
        for (int label = 0; label < names.size(); label++) {
            int index = known.indexOf(names.get(label));
            if (index < 0) {
                throw new InputException(pictures.description() + ": expected classes of the benchmark ("
                        + keys.get(0) + ", " + keys.get(1) + ", …), found also "
                        + InputException.quoted(pictures.classNames().get(label)));
            }
            indices.add(index);
        }
        return new Indexed(pictures, indices, pictures.notices());
    }

    /** How many classes have their name in the captions, in the same place; none unless there are as many. */
    private static long alike(List<String> names, PromptSet captions) {
        List<Integer> indices = captions.classIndices();
        return names.size() != indices.size() ? 0 : IntStream.range(0, names.size())
                .filter(i -> List.of(names.get(i).split(",_?")).contains(plain(captions.className(indices.get(i)))))
                .count();
    }

    private static String plain(String name) {
        return name.toLowerCase(Locale.ROOT).replaceAll("[ /_]", "_");
    }

    @Override
    public int label(int index) {
        return indices.get(base.label(index));
    }

    /** None: labels are indices. */
    @Override
    public List<String> classNames() {
        return List.of();
    }
}
