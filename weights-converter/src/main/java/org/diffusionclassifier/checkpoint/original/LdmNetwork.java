package org.diffusionclassifier.checkpoint.original;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.diffusionclassifier.checkpoint.original.RenamedWeights.Stored;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.tensor.Weights;

/**
 * One network of a checkpoint in the original Stable Diffusion naming: which of its modules is which of diffusers', and
 * what its configuration must have been, both found from the names and shapes of its tensors.
 */
abstract class LdmNetwork {

    /** Each level halves the image, so that no real network has more. */
    static final int MAX_LEVELS = 16;

    /** Of every GroupNorm, which tensors do not show; all of Stable Diffusion 1.x and 2.x has as many. */
    static final int NORM_GROUPS = 32;

    private final String prefix;
    private final Weights w;
    private final Map<String, Stored> modules = new LinkedHashMap<>();

    /**
     * @param file   all tensors of the checkpoint
     * @param prefix what the names of this network's begin with
     */
    LdmNetwork(Weights file, String prefix) {
        this.prefix = prefix;
        this.w = file.at(prefix);
    }

    /** The tensors under diffusers' names; the file stays its owner's to close. */
    Weights weights() {
        return new RenamedWeights(w, modules);
    }

    /** Says how a module is called in the file. */
    final void put(String module, String stored) {
        put(module, Stored.whole(stored));
    }

    final void put(String module, Stored stored) {
        modules.put(module, stored);
    }

    /** As {@link #put}, for each of the module's own modules. */
    final void put(String module, String stored, Map<String, String> parts) {
        parts.forEach((part, storedPart) -> put(module + "." + part, stored + "." + storedPart));
    }

    final boolean has(String tensor) {
        return w.has(tensor);
    }

    /**
     * How many modules are numbered behind a name: one more than the highest number. Numbers of more than three digits,
     * which no network has, do not count: what is built for each is bounded, whatever a file's names are.
     */
    final int count(String name) {
        String before = name + ".";
        return w.names().stream().filter(tensor -> tensor.startsWith(before))
                .map(tensor -> tensor.substring(before.length()).split("\\.", 2)[0])
                .filter(number -> number.matches("\\d{1,3}"))
                .mapToInt(number -> Integer.parseInt(number) + 1).max().orElse(0);
    }

    final int rank(String tensor) {
        return w.shape(tensor).size();
    }

    /**
     * One dimension of a tensor.
     *
     * @throws InputException if there is no such tensor, or it is of another rank or empty
     */
    final int dim(String tensor, int axis, int rank) {
        List<Integer> shape = w.shape(tensor);
        if (shape.size() != rank || shape.get(axis) < 1) {
            throw new InputException(w.source() + ": tensor " + prefix + "." + tensor + ": expected " + rank
                    + " dimensions, found shape " + shape);
        }
        return shape.get(axis);
    }

    /** {@code FILE: PREFIX: expected …, found …} */
    final InputException unsupported(String expected, Object found) {
        return new InputException(w.source() + ": " + prefix + ": expected " + expected + ", found " + found);
    }

    final void requireMultiples(List<Integer> channels, int of) {
        if (channels.stream().anyMatch(width -> width % of != 0)) {
            throw unsupported("channels in multiples of " + of, channels);
        }
    }
}
