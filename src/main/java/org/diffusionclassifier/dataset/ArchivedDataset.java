package org.diffusionclassifier.dataset;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.diffusionclassifier.file.archive.Archive;

/** A data set that lies in an archive, which is open as long as the data set is. */
record ArchivedDataset(Dataset base, Path path, Archive archive) implements DatasetView {

    /** The archive, if the image is in this one. */
    @Override
    public Path file(int index) {
        Path file = base.file(index);
        return file.getFileSystem() == archive.root().getFileSystem() ? path : file;
    }

    @Override
    public List<String> notices() {
        return Stream.concat(archive.notices().stream(), base.notices().stream()).toList();
    }

    @Override
    public void close() {
        base.close();
        archive.close();
    }
}
