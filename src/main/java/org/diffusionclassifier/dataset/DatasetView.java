package org.diffusionclassifier.dataset;

import java.nio.file.Path;
import java.util.List;
import org.diffusionclassifier.image.RgbImage;

/** A data set that is another's in all that it does not say otherwise. Closing it closes the base. */
public interface DatasetView extends Dataset {

    /** The base. */
    Dataset base();

    @Override
    default int size() {
        return base().size();
    }

    @Override
    default String name(int index) {
        return base().name(index);
    }

    @Override
    default int label(int index) {
        return base().label(index);
    }

    @Override
    default Path file(int index) {
        return base().file(index);
    }

    @Override
    default RgbImage image(int index) {
        return base().image(index);
    }

    @Override
    default List<String> classNames() {
        return base().classNames();
    }

    @Override
    default String description() {
        return base().description();
    }

    @Override
    default List<String> notices() {
        return base().notices();
    }

    @Override
    default void close() {
        base().close();
    }
}
