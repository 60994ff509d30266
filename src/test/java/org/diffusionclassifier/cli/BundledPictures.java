package org.diffusionclassifier.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.diffusionclassifier.model.BundledModel;

/**
 * Some of the bundled pictures as a dataset of their own.
 *
 * @param labels the CSV file that lists them
 * @param files  beside it
 */
record BundledPictures(Path labels, List<Path> files) {

    /** Copies {@code count} of them into a folder, every {@code step}-th. */
    static BundledPictures copied(Path folder, int count, int step) throws IOException {
        var lines = new ArrayList<String>();
        var files = new ArrayList<Path>();
        try (var bundled = BundledModel.open()) {
            List<String> all = Files.readAllLines(bundled.images().resolve("labels.csv"));
            lines.add(all.get(0));
            for (int i = 0; i < count; i++) {
                String line = all.get(1 + step * i);
                String name = line.substring(0, line.indexOf(','));
                files.add(Files.copy(bundled.images().resolve(name), folder.resolve(name)));
                lines.add(line);
            }
        }
        return new BundledPictures(Files.write(folder.resolve("labels.csv"), lines), files);
    }
}
