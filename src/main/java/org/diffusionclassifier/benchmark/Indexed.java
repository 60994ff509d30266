package org.diffusionclassifier.benchmark;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.diffusionclassifier.dataset.Dataset;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.tensor.InputException;

/**
 * A data set whose labels are the indices of a benchmark's classes, however many of them have pictures.
 *
 * @param pictures labelled by their own classes
 * @param indices  of these, by label
 */
record Indexed(Dataset pictures, List<Integer> indices) implements Dataset {

    /**
     * @param keys the benchmark's classes, by index, as the data set's files call them; capitals make no difference,
     *             nor do blanks, slashes and underscores, one of which stands for another in mirrors
     * @return {@code pictures} themselves if their classes have no names
     * @throws InputException for a class that is none of them
     */
    static Dataset of(Dataset pictures, List<String> keys) {
        if (pictures.classNames().isEmpty()) {
            return pictures;
        }
        List<String> known = keys.stream().map(Indexed::plain).toList();
        var indices = new ArrayList<Integer>();
        for (String name : pictures.classNames()) {
            int index = known.indexOf(plain(name));
            if (index < 0) {
                throw new InputException(pictures.description() + ": expected classes of the benchmark ("
                        + keys.get(0) + ", " + keys.get(1) + ", …), found also " + InputException.quoted(name));
            }
            indices.add(index);
        }
        return new Indexed(pictures, indices);
    }

    private static String plain(String name) {
        return name.toLowerCase(Locale.ROOT).replaceAll("[ /_]", "_");
    }

    @Override
    public int size() {
        return pictures.size();
    }

    @Override
    public String name(int index) {
        return pictures.name(index);
    }

    @Override
    public int label(int index) {
        return indices.get(pictures.label(index));
    }

    @Override
    public Path file(int index) {
        return pictures.file(index);
    }

    @Override
    public RgbImage image(int index) {
        return pictures.image(index);
    }

    /** None: labels are indices. */
    @Override
    public List<String> classNames() {
        return List.of();
    }

    @Override
    public String description() {
        return pictures.description();
    }

    @Override
    public List<String> notices() {
        return pictures.notices();
    }

    @Override
    public void close() {
        pictures.close();
    }
}
