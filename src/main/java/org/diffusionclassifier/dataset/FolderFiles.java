package org.diffusionclassifier.dataset;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.diffusionclassifier.image.ImageKind;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.tensor.Listed;

/**
 * Tells the images among a folder's files by their first bytes, whatever their names, and keeps account of the rest:
 * pictures that cannot be read, and files that are something else.
 */
final class FolderFiles {

    /** Whoever gives a file such an ending means a picture, and should hear if it is none. */
    private static final Set<String> PICTURES = Set.of("png", "jpg", "jpeg", "jpe", "jfif", "webp", "gif", "bmp", "tif",
            "tiff", "jp2", "j2k", "jxl", "avif", "heic", "heif", "ppm", "pgm", "pbm", "pnm", "tga", "svg", "psd");

    private final Path directory;
    private final List<Path> pictures = new ArrayList<>();
    private final List<String> unread = new ArrayList<>();
    private final List<String> others = new ArrayList<>();

    /** @param directory that names are relative to */
    FolderFiles(Path directory) {
        this.directory = directory;
    }

    /** A file's path below the directory, with slashes. */
    String name(Path file) {
        return directory.relativize(file).toString().replace('\\', '/');
    }

    /** Whether it is a file that begins as an image that can be read; notes it if it is another file. */
    boolean isImage(Path file) {
        if (!Files.isRegularFile(file)) {
            return false;
        }
        ImageKind kind;
        try {
            kind = ImageKind.of(file);
        } catch (InputException e) {
            passOver(file, "cannot be opened");
            return false;
        }
        if (kind.readable()) {
            return true;
        }
        if (kind != ImageKind.NONE) {
            passOver(file, kind.label());
        } else if (PICTURES.contains(ending(file))) {
            passOver(file, "no image inside");
        } else {
            others.add(name(file));
        }
        return false;
    }

    private void passOver(Path file, String why) {
        pictures.add(file);
        unread.add(name(file) + " (" + why + ")");
    }

    private static String ending(Path file) {
        String name = file.getFileName().toString();
        return name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
    }

    /** The end of a message about a folder without images: what pictures it has that cannot be read; empty for none. */
    String passedOverIn(Path folder) {
        List<String> there = new ArrayList<>();
        for (int i = 0; i < pictures.size(); i++) {
            if (pictures.get(i).startsWith(folder)) {
                there.add(unread.get(i));
            }
        }
        return there.isEmpty() ? "" : ", found " + Listed.of(there);
    }

    /** A line on the pictures that cannot be read, and one on other files; none where there are none. */
    List<String> notices() {
        var notices = new ArrayList<String>();
        if (!unread.isEmpty()) {
            notices.add(counted(unread, "picture") + " passed over that cannot be read: " + Listed.of(unread));
        }
        if (!others.isEmpty()) {
            notices.add(counted(others, "other file") + " passed over: " + Listed.of(others));
        }
        return notices;
    }

    private static String counted(List<String> files, String what) {
        return files.size() + " " + what + (files.size() == 1 ? "" : "s");
    }
}
