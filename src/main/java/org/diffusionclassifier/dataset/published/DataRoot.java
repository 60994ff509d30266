package org.diffusionclassifier.dataset.published;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.diffusionclassifier.tensor.InputException;

/** Finds the folder in which a data set begins, and the lists in it. */
final class DataRoot {

    private DataRoot() {
    }

    /**
     * The folder that holds {@code marker}: {@code given}, or {@code folder} in it, which is how torchvision and the
     * published archives unpack.
     *
     * @throws InputException if neither holds it, with the place where it is if that is near
     */
    static Path find(Path given, String dataset, String folder, String marker) {
        if (!Files.isDirectory(given)) {
            throw InputException.at(given, "expected the folder of " + dataset + ", found "
                    + (Files.exists(given) ? "a file" : "none"));
        }
        for (Path root : List.of(given, given.resolve(folder))) {
            if (Files.exists(root.resolve(marker))) {
                return root;
            }
        }
        for (Path near : near(given, folder)) {
            if (Files.exists(near.resolve(marker))) {
                throw InputException.at(given, "expected " + dataset + " (" + marker + ") in it or in its folder "
                        + folder + ", found it in " + InputException.name(near));
            }
        }
        throw InputException.at(given, "expected " + dataset + " (" + marker + ") in it or in its folder " + folder
                + ", found none");
    }

    /** The folders above and below. */
    private static List<Path> near(Path given, String folder) {
        var near = new ArrayList<Path>();
        if (given.toAbsolutePath().getParent() != null) {
            near.add(given.toAbsolutePath().getParent());
        }
        near.addAll(folders(given));
        near.addAll(folders(given.resolve(folder)));
        for (Path below : folders(given)) {
            near.add(below.resolve(folder));
        }
        return near;
    }

    private static List<Path> folders(Path parent) {
        var folders = new ArrayList<Path>();
        if (Files.isDirectory(parent)) {
            try (DirectoryStream<Path> children = Files.newDirectoryStream(parent, Files::isDirectory)) {
                children.forEach(folders::add);
            } catch (IOException e) {
                throw InputException.unreadable(parent, e);
            }
        }
        return folders;
    }

    /** @throws InputException unless the split is one of those that the data set has */
    static void requireSplit(String split, String... known) {
        if (!List.of(known).contains(split)) {
            throw InputException.of("%s: expected %s, found %s", InputException.field("split"),
                    String.join(", ", known), InputException.quoted(split));
        }
    }
}
