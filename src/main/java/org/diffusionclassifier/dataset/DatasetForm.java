package org.diffusionclassifier.dataset;

import java.nio.file.Path;
import org.diffusionclassifier.image.Turning;

/**
 * A form of data sets that needs a library of its own. Implementations are found through {@code META-INF/services}, so
 * that neither this package nor a program that has no use for the form depends on that library.
 */
public interface DatasetForm {

    /** What stands before the colon in {@code FORM:PATH}. */
    String name();

    /**
     * Opens a data set.
     *
     * @param turning which way up its pictures are given
     * @throws org.diffusionclassifier.tensor.InputException if files are missing or are not in this form
     */
    Dataset open(Path path, String split, Turning turning);
}
