package org.diffusionclassifier.hub;

import java.util.Optional;
import java.util.regex.Pattern;
import org.diffusionclassifier.tensor.InputException;

/**
 * A file of a repository on the Hub.
 *
 * @param path relative, with slashes
 * @param size bytes; -1 where the list of files does not say it
 * @param hash of its content; empty where the list of files does not say it
 */
public record RemoteFile(String path, long size, Optional<BlobHash> hash) {

    private static final Pattern PLAIN = Pattern.compile("[^/\\\\:\\p{Cntrl}]+(?:/[^/\\\\:\\p{Cntrl}]+)*");

    /** @throws InputException for a path that leads out of its folder, or would on another system */
    public RemoteFile {
        requirePlain(path);
    }

    /** @throws InputException for a path that leads out of its folder, or would on another system */
    static void requirePlain(String path) {
        if (!PLAIN.matcher(path).matches() || ("/" + path + "/").matches(".*/\\.{1,2}/.*")) {
            throw new InputException("expected files within a repository, found one named "
                    + InputException.quoted(path));
        }
    }

    boolean isDescribed() {
        return size >= 0 && hash.isPresent();
    }

    /** The folder that it is in; empty for the repository's root. */
    String folder() {
        return path.substring(0, Math.max(0, path.lastIndexOf('/')));
    }

    /** Its name within the folder. */
    String name() {
        return path.substring(path.lastIndexOf('/') + 1);
    }
}
