package org.diffusionclassifier.dataset.published;

import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import org.diffusionclassifier.dataset.Dataset;
import org.diffusionclassifier.dataset.Example;
import org.diffusionclassifier.image.ImageDecoder;
import org.diffusionclassifier.tensor.InputException;

/**
 * The pictures of a published data set, as its own lists have them. They are decoded when asked for.
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
            throw new InputException(where + ": no picture " + InputException.quoted(path) + " in " + root);
        }
    }

    public ListedImages {
        classNames = List.copyOf(classNames);
        entries = List.copyOf(entries);
        if (entries.isEmpty()) {
            throw new InputException(root + ": expected pictures of " + title + ", found none");
        }
    }

    @Override
    public int size() {
        return entries.size();
    }

    @Override
    public Example get(int index) {
        Entry entry = entries.get(index);
        return new Example(entry.path, ImageDecoder.read(root.resolve(entry.path)), entry.label);
    }

    @Override
    public String description() {
        return title + " " + root + ", " + size() + " images";
    }
}
