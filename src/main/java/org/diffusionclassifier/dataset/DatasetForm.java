package org.diffusionclassifier.dataset;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
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

    /** The files that a split lies in. @throws org.diffusionclassifier.tensor.InputException if there are none */
    List<Path> files(Path path, String split);

    /**
     * Unpacks pairs of pictures and captions in Winoground's columns to what {@link MatchingExample#read} reads.
     *
     * @param folder gets {@code examples.jsonl} and the folder {@code images}
     * @throws org.diffusionclassifier.tensor.InputException if files are missing or are not in this form
     */
    void unpackPairs(Path path, String split, Path folder) throws IOException;
}
