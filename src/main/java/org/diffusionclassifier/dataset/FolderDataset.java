package org.diffusionclassifier.dataset;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.diffusionclassifier.image.ImageDecoder;
import org.diffusionclassifier.tensor.InputException;

/**
 * One folder a class, in the order of torchvision's {@code ImageFolder}: class indices in the order of the folders'
 * names, a class's images (also those in folders below) by folder, then by name. Hidden files and folders and files
 * without an image's extension are skipped. Images are decoded when asked for.
 */
final class FolderDataset implements Dataset {

    private static final Set<String> EXTENSIONS = Set.of("png", "jpg", "jpeg", "webp", "gif", "bmp", "tif", "tiff");
    private static final Set<String> SPLITS = Set.of("train", "val", "valid", "validation", "test");
    private static final Comparator<Path> BY_FOLDER_THEN_NAME = Comparator
            .comparing((Path file) -> file.getParent().toString())
            .thenComparing(file -> file.getFileName().toString());

    private record Entry(Path image, int label) {
    }

    private final Path directory;
    private final List<String> classNames;
    private final List<Entry> entries;

    private FolderDataset(Path directory, List<String> classNames, List<Entry> entries) {
        this.directory = directory;
        this.classNames = classNames;
        this.entries = entries;
    }

    /**
     * @param path the folder of the class folders, or of one such folder a split
     */
    static FolderDataset open(Path path, String split) {
        var inSplit = path.resolve(split);
        var directory = Files.isDirectory(inSplit) ? inSplit : path;
        var classNames = subfolders(directory);
        if (classNames.isEmpty()) {
            throw new InputException(directory + ": expected one folder a class, found no folder");
        }
        // Else the splits would pass for classes.
        if (SPLITS.containsAll(classNames)) {
            throw new InputException(directory + ": no split " + InputException.quoted(split) + ", found "
                    + String.join(", ", classNames));
        }
        var entries = new ArrayList<Entry>();
        for (int label = 0; label < classNames.size(); label++) {
            for (var image : images(directory.resolve(classNames.get(label)))) {
                entries.add(new Entry(image, label));
            }
        }
        return new FolderDataset(directory, classNames, entries);
    }

    @Override
    public int size() {
        return entries.size();
    }

    @Override
    public Example get(int index) {
        var entry = entries.get(index);
        var name = directory.relativize(entry.image).toString().replace('\\', '/');
        return new Example(name, ImageDecoder.read(entry.image), entry.label);
    }

    @Override
    public List<String> classNames() {
        return classNames;
    }

    @Override
    public String description() {
        return "folder " + directory + ", " + size() + " images of " + classNames.size() + " classes";
    }

    private static List<String> subfolders(Path directory) {
        try (var children = Files.list(directory)) {
            return children.filter(Files::isDirectory)
                    .map(child -> child.getFileName().toString())
                    .filter(name -> !name.startsWith("."))
                    .sorted()
                    .toList();
        } catch (IOException | UncheckedIOException e) {
            throw unreadable(directory, e);
        }
    }

    private static List<Path> images(Path folder) {
        try (var files = Files.walk(folder, FileVisitOption.FOLLOW_LINKS)) {
            var images = files.filter(file -> isImage(folder.relativize(file)) && Files.isRegularFile(file))
                    .sorted(BY_FOLDER_THEN_NAME)
                    .toList();
            if (images.isEmpty()) {
                throw new InputException(folder + ": no image of this class (expected .png, .jpg, .jpeg, .webp, .gif,"
                        + " .bmp, .tif or .tiff files)");
            }
            return images;
        } catch (IOException | UncheckedIOException e) {
            throw unreadable(folder, e);
        }
    }

    // Files.list and Files.walk wrap what goes wrong on the way in an UncheckedIOException.
    private static InputException unreadable(Path directory, Exception e) {
        return InputException.unreadable(directory, e instanceof UncheckedIOException u ? u.getCause() : (IOException) e);
    }

    private static boolean isImage(Path relative) {
        for (var part : relative) {
            if (part.toString().startsWith(".")) {
                return false;
            }
        }
        var name = relative.getFileName().toString();
        int dot = name.lastIndexOf('.');
        return dot > 0 && EXTENSIONS.contains(name.substring(dot + 1).toLowerCase(Locale.ROOT));
    }
}
