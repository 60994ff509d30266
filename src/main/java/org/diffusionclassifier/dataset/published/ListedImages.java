package org.diffusionclassifier.dataset.published;

import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import org.diffusionclassifier.dataset.Dataset;
import org.diffusionclassifier.image.ImageDecoder;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.image.Turning;
import org.diffusionclassifier.tensor.InputException;

/**
 * The pictures of a published data set, as its own lists have them. They are decoded when asked for, and
 * never turned by what they say of their camera: neither does torchvision, with which figures are published.
 *
 * @param title      the data set and its split, for people
 * @param root       what paths are relative to
 * @param classNames by label; empty where the data set's files have none
 * @param entries    at least one, in the list's order
 */
public record ListedImages(String title, Path root, List<String> classNames, List<Entry> entries) implements Dataset {

    /**
     * A picture.
     *
     * @param path  relative to the root, with slashes
     * @param label from 0
     */
    public record Entry(String path, int label) {

        /** @throws InputException if there is no such picture */
        static Entry of(Path root, String path, int label, String where) {
            try {
                if (Files.isRegularFile(root.resolve(path))) {
                    return new Entry(path, label);
                }
            } catch (InvalidPathException e) {
                // refused below, with those that lead nowhere
            }
            throw new InputException(where + ": no picture " + InputException.quoted(path) + " in "
                    + InputException.name(root));
        }
    }

    public ListedImages {
        classNames = List.copyOf(classNames);
        entries = List.copyOf(entries);
        if (entries.isEmpty()) {
            throw InputException.at(root, "expected pictures of " + title + ", found none");
        }
    }

    @Override
    public int size() {
        return entries.size();
    }

    @Override
    public String name(int index) {
        return entries.get(index).path;
    }

    @Override
    public int label(int index) {
        return entries.get(index).label;
    }

    @Override
    public Path file(int index) {
        return root.resolve(name(index));
    }

    @Override
    public RgbImage image(int index) {
        return ImageDecoder.read(file(index), Turning.STORED);
    }

    @Override
    public String description() {
        return title + " " + InputException.name(root) + ", " + size() + " images, not turned by EXIF";
    }
}
