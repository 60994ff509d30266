package org.diffusionclassifier.dataset;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.diffusionclassifier.file.archive.Archive;
import org.diffusionclassifier.image.RgbImage;

/** A data set that lies in an archive, which is open as long as the data set is. */
record ArchivedDataset(Dataset inside, Path path, Archive archive) implements Dataset {

    @Override
    public int size() {
        return inside.size();
    }

    @Override
    public String name(int index) {
        return inside.name(index);
    }

    @Override
    public int label(int index) {
        return inside.label(index);
    }

    /** The archive. */
    @Override
    public Path file(int index) {
        return path;
    }

    @Override
    public RgbImage image(int index) {
        return inside.image(index);
    }

    @Override
    public List<String> classNames() {
        return inside.classNames();
    }

    @Override
    public String description() {
        return inside.description();
    }

    @Override
    public List<String> notices() {
        return Stream.concat(archive.notices().stream(), inside.notices().stream()).toList();
    }

    @Override
    public void close() {
        inside.close();
        archive.close();
    }
}
