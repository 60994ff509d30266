package org.diffusionclassifier.hub;

import java.util.Optional;
import java.util.regex.Pattern;
import org.diffusionclassifier.tensor.InputException;

/**
 * What the Hub calls a model: {@code organisation/name}, or {@code name} for a few old ones. The rules are those of
 * huggingface_hub's {@code validate_repo_id}, so that no name leads out of a folder.
 */
public record RepositoryName(String value) {

    private static final String PART = "[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,94}[A-Za-z0-9_])?";
    private static final Pattern NAME = Pattern.compile("(?:" + PART + "/)?" + PART);
    private static final String FOLDER = "models--";

    /** @throws InputException if it is no such name */
    public RepositoryName {
        if (!is(value)) {
            throw new InputException("expected a model's name on the Hub as organisation/name, found "
                    + InputException.quoted(value));
        }
    }

    /** Whether {@code text} could name a model on the Hub. */
    public static boolean is(String text) {
        return NAME.matcher(text).matches() && !text.contains("--") && !text.contains("..") && !text.endsWith(".git");
    }

    /** The name of a repository's folder in the cache: {@code models--organisation--name}. */
    String folder() {
        return FOLDER + value.replace("/", "--");
    }

    /** The model that a folder of the cache is of; empty for folders of data sets and others. */
    static Optional<RepositoryName> ofFolder(String folder) {
        if (!folder.startsWith(FOLDER)) {
            return Optional.empty();
        }
        return Optional.of(folder.substring(FOLDER.length()).replace("--", "/")).filter(RepositoryName::is)
                .map(RepositoryName::new);
    }

    @Override
    public String toString() {
        return value;
    }
}
