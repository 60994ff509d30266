package org.diffusionclassifier.benchmark;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.diffusionclassifier.dataset.Dataset;
import org.diffusionclassifier.dataset.NotedDataset;
import org.diffusionclassifier.dataset.OnlyFolder;
import org.diffusionclassifier.tensor.InputException;

/**
 * How a data set lies on disk, and where it comes from.
 *
 * @param text     for people: its files, as published
 * @param markers  files or folders of which one is where it begins
 * @param folders  that may be around that, as archives unpack and as torchvision has them
 * @param archives that it is published as, to be read without unpacking
 * @param page     where it comes from
 * @param licence  under which
 */
public record DataLayout(String text, List<String> markers, List<String> folders, List<String> archives, String page,
        String licence) {

    /**
     * Finds it.
     *
     * @param title    of the data set
     * @param fetching whether it can be fetched
     * @param data     the folder of it, one that holds that folder or the archive, or the archive
     * @return the folder that {@link #within} finds it in, or an archive
     * @throws InputException if it is not there: with the place where it is if that is near, else with what was
     *                        expected, the page and the licence
     */
    Path find(String title, boolean fetching, Path data) {
        Path found = locate(data);
        if (found != null) {
            return found;
        }
        for (Path folder : near(data)) {
            if (begin(folder) != null) {
                throw InputException.of("%s %s: expected %s in it, found it in %s", InputException.field("data"), data,
                        title, folder);
            }
        }
        throw InputException.of("%s %s: expected %s, as %s, found %s; it comes from %s (%s)"
                + (fetching ? "; %s fetches it" : ""), InputException.field("data"), data, title, text,
                Files.isDirectory(data) ? "none of it" : "no folder", page, licence, InputException.field("download"));
    }

    /** Whether {@link #find} finds it. */
    boolean isIn(Path data) {
        return locate(data) != null;
    }

    private Path locate(Path data) {
        if (Files.isRegularFile(data)) {
            return data;
        }
        return begin(data) != null ? data
                : archives.stream().map(data::resolve).filter(Files::isRegularFile).findFirst().orElse(null);
    }

    /**
     * The folder in which it begins: in a folder, or in the root of an archive.
     *
     * @return {@code root} itself if it begins nowhere, for its reader to say what is missing
     */
    Path within(Path root) {
        Path found = begin(root);
        return found == null ? root : found;
    }

    /** What the user should know of where in {@code root} it was found; most often nothing. */
    List<String> notices(Path root) {
        return beginHere(root) == null && begin(root) != null
                ? List.of(OnlyFolder.notice(root, OnlyFolder.in(root))) : List.of();
    }

    /** Opens it where it begins in a folder, or in the root of an archive, and says where that is. */
    Dataset open(Path root, Function<Path, Dataset> reader) {
        return NotedDataset.of(reader.apply(within(root)), notices(root));
    }

    /** Where it begins, at once or in the only folder; null if nowhere. */
    private Path begin(Path root) {
        Path here = beginHere(root);
        Path only = here == null ? OnlyFolder.in(root) : null;
        return only == null ? here : beginHere(only);
    }

    private Path beginHere(Path root) {
        var candidates = new ArrayList<Path>(List.of(root));
        folders.forEach(name -> candidates.add(root.resolve(name)));
        return candidates.stream()
                .filter(folder -> markers.stream().anyMatch(marker -> Files.exists(folder.resolve(marker))))
                .findFirst().orElse(null);
    }

    /** The folders above and below. */
    private static List<Path> near(Path data) {
        var near = new ArrayList<Path>();
        if (!Files.isDirectory(data)) {
            return near;
        }
        if (data.toAbsolutePath().normalize().getParent() != null) {
            near.add(data.toAbsolutePath().normalize().getParent());
        }
        try (DirectoryStream<Path> children = Files.newDirectoryStream(data, Files::isDirectory)) {
            children.forEach(near::add);
        } catch (IOException e) {
            throw InputException.unreadable(data, e);
        }
        return near;
    }
}
