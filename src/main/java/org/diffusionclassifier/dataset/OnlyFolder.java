package org.diffusionclassifier.dataset;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.diffusionclassifier.tensor.InputException;

/**
 * The only folder in a folder: where a data set is that was packed or unpacked one level too deep. Hidden folders do not
 * count, nor does the one that macOS adds to archives.
 */
public final class OnlyFolder {

    private static final String OF_MACOS = "__MACOSX";

    private OnlyFolder() {
    }

    /** Null if there is none, or more than one. */
    public static Path in(Path folder) {
        if (!Files.isDirectory(folder)) {
            return null;
        }
        List<String> names = names(folder);
        return names.size() == 1 ? folder.resolve(names.get(0)) : null;
    }

    /** The names of the folders in one, sorted, without a slash at their end, which ZIP's have. */
    static List<String> names(Path folder) {
        try (Stream<Path> children = Files.list(folder)) {
            return children.filter(Files::isDirectory)
                    .map(child -> child.getFileName().toString().replace("/", ""))
                    .filter(name -> !name.startsWith(".") && !name.equals(OF_MACOS))
                    .sorted().toList();
        } catch (IOException e) {
            throw InputException.unreadable(folder, e);
        } catch (UncheckedIOException e) {
            throw InputException.unreadable(folder, e.getCause());
        }
    }

    /** One line for the user. */
    public static String notice(Path folder, Path only) {
        return InputException.name(folder) + " is read from its only folder, " + only.getFileName().toString().replace("/", "");
    }
}
