package org.diffusionclassifier.checkpoint.original;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.tensor.Weights;

/**
 * The tensors of {@code base} under another naming, which a map of modules gives: a tensor belongs to the longest
 * module that its name begins with, and what follows that is kept. A packed tensor appears as several. Messages give
 * the names that the file has.
 */
final class RenamedWeights implements Weights {

    /**
     * Where a module or tensor is kept.
     *
     * @param name  of the module or tensor in the base
     * @param part  which of its parts, from 0
     * @param parts into how many equal parts its rows (the outermost dimension) are cut
     */
    record Stored(String name, int part, int parts) {

        static Stored whole(String name) {
            return new Stored(name, 0, 1);
        }
    }

    private final Weights base;
    private final Map<String, Stored> modules;
    private final Set<String> names = new LinkedHashSet<>();

    /**
     * Closing this closes {@code base}.
     *
     * @param modules by the name that they have here; other tensors of the base are hidden
     */
    RenamedWeights(Weights base, Map<String, Stored> modules) {
        this.base = base;
        this.modules = Map.copyOf(modules);
        var inverse = new HashMap<String, List<String>>();
        modules.forEach((here, stored) -> inverse.computeIfAbsent(stored.name, none -> new ArrayList<>()).add(here));
        for (String name : base.names()) {
            String module = longestModule(name, inverse);
            if (module != null) {
                inverse.get(module).forEach(here -> names.add(here + name.substring(module.length())));
            }
        }
    }

    private static String longestModule(String name, Map<String, ?> modules) {
        for (int end = name.length(); end > 0; end = name.lastIndexOf('.', end - 1)) {
            if (modules.containsKey(name.substring(0, end))) {
                return name.substring(0, end);
            }
        }
        return null;
    }

    private Stored stored(String name) {
        String module = longestModule(name, modules);
        if (module == null) {
            throw new InputException(source() + ": no tensor " + name);
        }
        Stored stored = modules.get(module);
        return new Stored(stored.name + name.substring(module.length()), stored.part, stored.parts);
    }

    @Override
    public String source() {
        return base.source();
    }

    @Override
    public Set<String> names() {
        return Collections.unmodifiableSet(names);
    }

    @Override
    public List<Integer> shape(String name) {
        Stored stored = stored(name);
        List<Integer> shape = base.shape(stored.name);
        if (stored.parts == 1) {
            return shape;
        }
        if (shape.isEmpty() || shape.get(0) % stored.parts != 0) {
            throw new InputException(source() + ": tensor " + stored.name + ": expected a multiple of " + stored.parts
                    + " rows, found shape " + shape);
        }
        var part = new ArrayList<>(shape);
        part.set(0, shape.get(0) / stored.parts);
        return part;
    }

    @Override
    public void require(String name, int... shape) {
        Stored stored = stored(name);
        int[] whole = shape.clone();
        if (stored.parts > 1) {
            whole[0] = Math.multiplyExact(whole[0], stored.parts);
        }
        base.require(stored.name, whole);
    }

    @Override
    public DType dtype(String name) {
        return base.dtype(stored(name).name);
    }

    @Override
    public void readStored(String name, long first, ByteBuffer destination) {
        Stored stored = stored(name);
        long before = stored.parts == 1 ? 0 : stored.part * elements(name);
        base.readStored(stored.name, before + first, destination);
    }

    @Override
    public void close() {
        base.close();
    }
}
