package org.diffusionclassifier.dataset;

import java.nio.file.Path;
import java.util.List;
import org.diffusionclassifier.image.ImageDecoder;
import org.diffusionclassifier.image.RgbImage;

/** A data set of image files, which are decoded when asked for. */
interface FileDataset extends Dataset {

    /** An image: what it is called, its file, and the index of its class. */
    record Entry(String name, Path image, int label) {
    }

    List<Entry> entries();

    @Override
    default int size() {
        return entries().size();
    }

    @Override
    default String name(int index) {
        return entries().get(index).name;
    }

    @Override
    default int label(int index) {
        return entries().get(index).label;
    }

    @Override
    default Path file(int index) {
        return entries().get(index).image;
    }

    @Override
    default RgbImage image(int index) {
        return ImageDecoder.read(file(index));
    }
}
