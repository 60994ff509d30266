package org.diffusionclassifier.dataset.published;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Stream;
import org.diffusionclassifier.tensor.InputException;

/**
 * A folder a class, under names that the data set gives its classes: WordNet ids for ImageNet's and its relatives,
 * {@code 0} to {@code 999} for ImageNetV2. Files beside the folders are no pictures of the set.
 */
public final class ClassFolders {

    private static final Set<String> ENDINGS = Set.of("jpg", "jpeg", "png");

    private ClassFolders() {
    }

    /**
     * @param title   the data set, for messages
     * @param root    the folder of the folders
     * @param classes all that the data set may have, in the order of their labels; those without a folder have no
     *                pictures
     * @return pictures by class, then by name
     * @throws InputException for another folder, one without pictures, or if there is none
     */
    public static ListedImages open(String title, Path root, List<String> classes) {
        var entries = new ArrayList<ListedImages.Entry>();
        List<String> folders = names(root, true);
        for (String folder : folders) {
            if (!classes.contains(folder)) {
                throw InputException.at(root, "expected the folders of " + title + " ("
                        + classes.get(0) + ", " + classes.get(1) + ", …), found also " + InputException.quoted(folder));
            }
        }
        for (int label = 0; label < classes.size(); label++) {
            if (folders.contains(classes.get(label))) {
                String folder = classes.get(label);
                List<String> pictures = names(root.resolve(folder), false);
                if (pictures.isEmpty()) {
                    throw InputException.at(root.resolve(folder), "expected pictures (.jpg, .jpeg, .png), found none");
                }
                for (String picture : pictures) {
                    entries.add(new ListedImages.Entry(folder + "/" + picture, label));
                }
            }
        }
        return new ListedImages(title, root, classes, entries);
    }

    /** Of folders, or of pictures, sorted; hidden ones are left out. */
    private static List<String> names(Path parent, boolean folders) {
        try (Stream<Path> children = Files.list(parent)) {
            return children.filter(child -> Files.isDirectory(child) == folders)
                    .map(child -> child.getFileName().toString().replace("/", ""))     // ZIP's folders end in one
                    .filter(name -> !name.startsWith(".") && (folders || isPicture(name))).sorted().toList();
        } catch (IOException e) {
            throw InputException.unreadable(parent, e);
        } catch (UncheckedIOException e) {
            throw InputException.unreadable(parent, e.getCause());
        }
    }

    private static boolean isPicture(String name) {
        return ENDINGS.contains(name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT));
    }
}
