package org.diffusionclassifier.dataset;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.diffusionclassifier.file.archive.Archive;
import org.diffusionclassifier.image.ImageDecoder;
import org.diffusionclassifier.image.ImageKind;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.tensor.InputException;

/**
 * One folder a class, in the order of torchvision's {@code ImageFolder}: class indices in the order of the folders'
 * names, a class's images (also those in folders below) by folder, then by name. {@link FolderFiles} says which files
 * are images. They are decoded when asked for.
 */
final class FolderDataset implements Dataset {

    private static final List<String> SPLITS = List.of("train", "val", "valid", "validation", "test");
    private static final Comparator<Path> BY_FOLDER_THEN_NAME = Comparator
            .comparing((Path file) -> file.getParent().toString())
            .thenComparing(file -> file.getFileName().toString());

    private record Entry(Path image, int label) {
    }

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
                entries.add(new Entry(image, label));
            }
        }
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
        return new FolderDataset(directory, classNames);
    }

    @Override
    public int size() {
        return entries.size();
    }

    @Override
    public String name(int index) {
        return files.name(file(index));
    }

    @Override
    public int label(int index) {
        return entries.get(index).label;
    }

    @Override
    public Path file(int index) {
        return entries.get(index).image;
    }

    @Override
    public RgbImage image(int index) {
        return ImageDecoder.read(file(index));
    }

    @Override
    public List<String> classNames() {
        return classNames;
    }

    @Override
    public String description() {
        return "folder " + Archive.name(directory) + ", " + size() + " images of " + classNames.size() + " classes";
    }

    @Override
    public List<String> notices() {
        return files.notices();
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

    private List<Path> images(Path folder) {
        try (var below = Files.walk(folder, FileVisitOption.FOLLOW_LINKS)) {
            // Sorted first, so that what is passed over is named in the same order everywhere.
            var images = below.sorted(BY_FOLDER_THEN_NAME).filter(file -> !isHidden(folder.relativize(file)))
                    .filter(files::isImage).toList();
            if (images.isEmpty()) {
                throw new InputException(folder + ": no image of this class (expected " + ImageKind.READABLE + ")"
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
