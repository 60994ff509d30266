package org.diffusionclassifier.cli;

import java.util.Iterator;
import java.util.List;
import java.util.regex.Pattern;
import org.diffusionclassifier.catalog.LocalModels;
import org.diffusionclassifier.catalog.ModelNames;
import org.diffusionclassifier.tensor.InputException;

/** The names of the models that are here, for the shell to complete. Looked for when they are asked for. */
final class ModelCandidates implements Iterable<String> {

    /** Others, such as those of files with blanks, would have to be quoted, and could run as commands. */
    private static final Pattern HARMLESS = Pattern.compile("[A-Za-z0-9_./@:+=-]+");

    private final ModelNames names;

    ModelCandidates(ModelNames names) {
        this.names = names;
    }

    @Override
    public Iterator<String> iterator() {
        try {
            return new LocalModels(names).names().stream().filter(name -> HARMLESS.matcher(name).matches()).iterator();
        } catch (InputException e) {
            return List.of(ModelNames.BUNDLED).iterator();      // a cache that cannot be read completes nothing
        }
    }
}
