package org.diffusionclassifier.dataset;

import java.util.List;

/** Labelled images in a fixed order, opened by {@link Datasets}. */
public interface Dataset {

    /** How many images there are, at least 1. */
    int size();

    /**
     * Reads one image.
     *
     * @param index from 0
     * @throws org.diffusionclassifier.tensor.InputException if its file cannot be decoded
     */
    Example get(int index);

    /** The class names by label, empty where the dataset's form has none. */
    List<String> classNames();

    /** One line for people: what was opened and how many images it holds. */
    String description();
}
