package org.diffusionclassifier.dataset;

import java.nio.file.Path;
import java.util.List;
import org.diffusionclassifier.image.RgbImage;

/**
 * Labelled images in a fixed order, opened by {@link Datasets}. Everything but {@link #image} is known from the opening
 * on. Indices are from 0 and below {@link #size}.
 */
public interface Dataset extends AutoCloseable {

    /** How many images there are, at least 1. */
    int size();

    /** Where an image comes from, as {@link Example#name}. */
    String name(int index);

    /** The class of an image: its index among {@link #classNames}, or a number where the form has no names. */
    int label(int index);

    /** The file that holds an image, alone or with others. */
    Path file(int index);

    /**
     * Reads an image.
     *
     * @throws org.diffusionclassifier.tensor.InputException if its file cannot be decoded
     */
    RgbImage image(int index);

    /** An image with its name and label. @throws org.diffusionclassifier.tensor.InputException as {@link #image} */
    default Example get(int index) {
        return new Example(name(index), image(index), label(index));
    }

    /** The class names by label, empty where the dataset's form has none. */
    List<String> classNames();

    /** One line for people: what was opened and how many images it holds. */
    String description();

    /** What its user should know of its files: a line each on what was passed over. Empty for most. */
    default List<String> notices() {
        return List.of();
    }

    /** Lets go of the archive that it lies in, if it lies in one. */
    @Override
    default void close() {
    }
}
