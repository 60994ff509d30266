package org.diffusionclassifier.dataset;

import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.diffusionclassifier.file.CsvTable;
import org.diffusionclassifier.tensor.InputException;

/**
 * A CSV list of image files (column {@code path} or {@code file}, relative to the list's own directory) with their
 * classes: their names (column {@code classname}, {@code class} or {@code label}, sorted), or else their indices
 * (column {@code classidx}, or one of the others with numbers alone). Images are decoded when asked for.
 */
final class CsvDataset implements FileDataset {

    private static final List<String> NAMES = List.of("classname", "class", "label");
    private static final String INDEX = "classidx";

    private final Path file;
    private final List<Entry> entries = new ArrayList<>();
    private final List<String> classNames;

    private CsvDataset(Path file) {
        this.file = file;
        var table = CsvTable.read(file);
        var path = table.column("path", "file");
        Optional<String> named = NAMES.stream().filter(column -> isOfNames(table, column)).findFirst();
        classNames = named.map(column -> names(table, column)).orElse(List.of());
        var label = named.orElseGet(() -> table.column(
                Stream.concat(Stream.of(INDEX), NAMES.stream()).toArray(String[]::new)));
        for (var row : table.rows()) {
            var image = resolve(file, row.get(path));
            if (image == null || !Files.isRegularFile(image)) {
                throw new InputException(row.where() + ": no image file " + InputException.quoted(row.get(path)));
            }
            entries.add(new Entry(row.get(path), image,
                    named.isPresent() ? classNames.indexOf(row.get(label).strip()) : row.index(label)));
        }
    }

    static CsvDataset open(Path file) {
        return new CsvDataset(file);
    }

    private static boolean isOfNames(CsvTable table, String column) {
        return table.columns().contains(column)
                && !table.rows().stream().allMatch(row -> row.get(column).strip().matches("\\d+"));
    }

    private static List<String> names(CsvTable table, String column) {
        var names = new TreeSet<String>();
        for (var row : table.rows()) {
            if (row.get(column).isBlank()) {
                throw new InputException(row.where() + ": " + column + " is empty");
            }
            names.add(row.get(column).strip());
        }
        return List.copyOf(names);
    }

    private static Path resolve(Path file, String image) {
        try {
            return file.resolveSibling(image);
        } catch (InvalidPathException e) {
            return null;
        }
    }

    @Override
    public List<Entry> entries() {
        return entries;
    }

    @Override
    public List<String> classNames() {
        return classNames;
    }

    @Override
    public String description() {
        return "csv " + file + ", " + size() + " images";
    }
}
