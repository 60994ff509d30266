package org.diffusionclassifier.hub;

import java.util.regex.Pattern;
import org.diffusionclassifier.tensor.InputException;

/**
 * Which state of a repository: a branch, a tag, a reference as {@code refs/pr/1}, a commit, or the beginning of one.
 * In the cache it is a path below {@code refs}, so that only names that stay there are accepted.
 */
public record Revision(String value) {

    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_+@=.-]+(?:/[A-Za-z0-9_+@=.-]+)*");
    private static final Pattern COMMIT = Pattern.compile("[0-9a-f]{40}");
    private static final Pattern SHORT_COMMIT = Pattern.compile("[0-9a-f]{4,39}");

    public static final Revision MAIN = new Revision("main");   // after the patterns that it is checked by

    /** @throws InputException for what git would not take for a name, or what leads out of a folder */
    public Revision {
        if (!NAME.matcher(value).matches() || value.contains("..") || value.startsWith(".") || value.contains("/.")) {
            throw InputException.of("%s: expected a branch, a tag or a commit, found %s",
                    InputException.field("revision"), InputException.quoted(value));
        }
    }

    /** Whether it is a whole commit hash. */
    boolean isCommit() {
        return COMMIT.matcher(value).matches();
    }

    /** Whether it may be the beginning of a commit hash. */
    boolean isShortCommit() {
        return SHORT_COMMIT.matcher(value).matches();
    }

    @Override
    public String toString() {
        return value;
    }
}
