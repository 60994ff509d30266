package org.diffusionclassifier.dataset;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.diffusionclassifier.image.ImageKind;
import org.diffusionclassifier.tensor.InputException;

/**
 * One folder a class, in the order of torchvision's {@code ImageFolder}: class indices in the order of the folders'
 * names, a class's images (also those in folders below) by folder, then by name. {@link FolderFiles} says which files
 * are images. They are decoded when asked for.
 */
final class FolderDataset implements FileDataset {

    private static final List<String> SPLITS = List.of("train", "val", "valid", "validation", "test");
    private static final Comparator<Path> BY_FOLDER_THEN_NAME = Comparator
            .comparing((Path file) -> file.getParent().toString().replace('\\', '/'))  // in the same order on Windows
            .thenComparing(file -> file.getFileName().toString());

    private final Path directory;
    private final List<String> classNames;
    private final List<Entry> entries = new ArrayList<>();
    private final FolderFiles files;

    private FolderDataset(Path directory, List<String> classNames) {
        this.directory = directory;
        this.classNames = classNames;
        this.files = new FolderFiles(directory);
        for (int label = 0; label < classNames.size(); label++) {
            for (var image : images(directory.resolve(classNames.get(label)))) {
                entries.add(new Entry(files.name(image), image, label));
            }
        }
    }

    /**
     * @param path the folder of the class folders, or of one such folder a split
     */
    static Dataset open(Path path, String split) {
        Path only = isTooDeep(path, split) ? OnlyFolder.in(path) : null;
        return only == null ? openHere(path, split)
                : NotedDataset.of(openHere(only, split), List.of(OnlyFolder.notice(path, only)));
    }

    /** Whether it holds one folder, that of the folders of several classes or splits, rather than one class. */
    private static boolean isTooDeep(Path path, String split) {
        Path only = OnlyFolder.in(path);
        if (only == null || Files.isDirectory(path.resolve(split)) || SPLITS.contains(only.getFileName().toString().replace("/", ""))) {
            return false;
        }
        List<String> inside = OnlyFolder.names(only);
        var beside = new FolderFiles(only);
        try (var files = Files.list(only)) {
            return (inside.size() > 1 || SPLITS.containsAll(inside) && !inside.isEmpty())
                    && files.noneMatch(beside::isImage);
        } catch (IOException | UncheckedIOException e) {
            throw unreadable(only, e);
        }
    }

    private static FolderDataset openHere(Path path, String split) {
        var inSplit = path.resolve(split);
        var directory = Files.isDirectory(inSplit) ? inSplit : path;
        var classNames = OnlyFolder.names(directory);
        if (classNames.isEmpty()) {
            throw InputException.at(directory, "expected one folder a class, found no folder");
        }
        // Else the splits would pass for classes.
        if (SPLITS.containsAll(classNames)) {
            throw InputException.at(directory, "no split " + InputException.quoted(split) + ", found "
                    + String.join(", ", classNames));
        }
        return new FolderDataset(directory, classNames);
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
        return "folder " + InputException.name(directory) + ", " + size() + " images of " + classNames.size()
                + " classes";
    }

    @Override
    public List<String> notices() {
        return files.notices();
    }

    private List<Path> images(Path folder) {
        try (var below = Files.walk(folder, FileVisitOption.FOLLOW_LINKS)) {
            // Sorted first, so that what is passed over is named in the same order everywhere.
            var images = below.sorted(BY_FOLDER_THEN_NAME).filter(file -> !isHidden(folder.relativize(file)))
                    .filter(files::isImage).toList();
            if (images.isEmpty()) {
                throw InputException.at(folder, "no image of this class (expected " + ImageKind.READABLE + ")"
                        + files.passedOverIn(folder));
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

    private static boolean isHidden(Path relative) {
        for (var part : relative) {
            if (part.toString().startsWith(".")) {
                return true;
            }
        }
        return false;
    }
}
