package org.diffusionclassifier.hub;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.diffusionclassifier.tensor.InputException;

/**
 * A model on the Hub as its user writes it: {@code org/name}, {@code org/name@revision}, {@code org/name:file} or
 * {@code org/name@revision:file}.
 *
 * @param file the path of one file in the repository; empty for the model that the repository is
 */
public record HubName(RepositoryName repository, Revision revision, Optional<String> file) {

    private static final Pattern FORM = Pattern.compile("([^/@:]+/[^/@:]+)(?:@([^:]+))?(?::(.+))?");

    /** Names of files rather than models: a repository may be called so, but none of a model is. */
    private static final Pattern WEIGHTS = Pattern.compile("(?i).*\\.(?:safetensors|sft|ckpt|pth?|bin)");

    /** @throws InputException for a file that would be out of the repository */
    public HubName {
        file.ifPresent(RemoteFile::requirePlain);
    }

    /** Whether {@code text} could be meant as such a name, rather than as a path. */
    public static boolean is(String text) {
        Matcher form = FORM.matcher(text);
        return form.matches() && RepositoryName.is(form.group(1)) && !WEIGHTS.matcher(form.group(1)).matches();
    }

    /** @throws InputException if it is none, or its revision cannot be one */
    public static HubName of(String text) {
        Matcher form = FORM.matcher(text);
        if (!form.matches() || !is(text)) {
            throw new InputException("expected a model on the Hub as organisation/name, with @revision or :file behind "
                    + "it, found " + InputException.quoted(text));
        }
        var revision = form.group(2) == null ? Revision.MAIN : new Revision(form.group(2));
        return new HubName(new RepositoryName(form.group(1)), revision, Optional.ofNullable(form.group(3)));
    }

    /** The model of a repository at a revision. */
    public static HubName of(RepositoryName repository, Revision revision) {
        return new HubName(repository, revision, Optional.empty());
    }

    /** The same but for the file. */
    public HubName withFile(String path) {
        return new HubName(repository, revision, Optional.of(path));
    }

    /** The same but for the revision. */
    public HubName at(Revision other) {
        return new HubName(repository, other, file);
    }

    @Override
    public String toString() {
        return repository + (revision.equals(Revision.MAIN) ? "" : "@" + revision)
                + file.map(path -> ":" + path).orElse("");
    }
}
