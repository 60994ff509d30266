package org.diffusionclassifier.dataset;

import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.diffusionclassifier.file.CsvTable;
import org.diffusionclassifier.image.ImageDecoder;
import org.diffusionclassifier.tensor.InputException;

/**
 * A CSV list of image files (column {@code path} or {@code file}, relative to the list's own directory) with their
 * class indices (column {@code classidx}). Images are decoded when asked for.
 */
final class CsvDataset implements Dataset {

    private record Entry(String name, Path image, int label) {
    }

    private final Path file;
    private final List<Entry> entries;

    private CsvDataset(Path file, List<Entry> entries) {
        this.file = file;
        this.entries = entries;
    }

    static CsvDataset open(Path file) {
        var table = CsvTable.read(file);
        var path = table.column("path", "file");
        var label = table.column("classidx");
        var entries = new ArrayList<Entry>();
        for (var row : table.rows()) {
            var image = resolve(file, row.get(path));
            if (image == null || !Files.isRegularFile(image)) {
                throw new InputException(row.where() + ": no image file " + InputException.quoted(row.get(path)));
            }
            entries.add(new Entry(row.get(path), image, row.index(label)));
        }
        return new CsvDataset(file, entries);
    }

    private static Path resolve(Path file, String image) {
        try {
            return file.resolveSibling(image);
        } catch (InvalidPathException e) {
            return null;
        }
    }

    @Override
    public int size() {
        return entries.size();
    }

    @Override
    public Example get(int index) {
        var entry = entries.get(index);
        return new Example(entry.name, ImageDecoder.read(entry.image), entry.label);
    }

    @Override
    public List<String> classNames() {
        return List.of();
    }

    @Override
    public String description() {
        return "csv " + file + ", " + size() + " images";
    }
}
