package org.diffusionclassifier.tensor;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * The part of {@code base} under a prefix; see {@link Weights#at}. The base is asked under the full name, so that
 * messages show the full name.
 */
public record PrefixedWeights(Weights base, String prefix) implements Weights {

    @Override
    public String source() {
        return base.source();
    }

    @Override
    public String path() {
        return base.path().isEmpty() ? prefix : base.path() + "." + prefix;
    }

    @Override
    public Set<String> names() {
        var names = new LinkedHashSet<String>();
        for (String name : base.names()) {
            if (name.startsWith(prefix + ".")) {
                names.add(name.substring(prefix.length() + 1));
            }
        }
        return names;
    }

    @Override
    public boolean has(String name) {
        return base.has(full(name));
    }

    @Override
    public boolean channelsLast() {
        return base.channelsLast();
    }

    @Override
    public List<Integer> shape(String name) {
        return base.shape(full(name));
    }

    @Override
    public void require(String name, int... shape) {
        base.require(full(name), shape);
    }

    @Override
    public float[] floats(String name, int... shape) {
        return base.floats(full(name), shape);
    }

    @Override
    public void read(String name, FloatBuffer destination) {
        base.read(full(name), destination);
    }

    @Override
    public DType dtype(String name) {
        return base.dtype(full(name));
    }

    @Override
    public void readStored(String name, long first, ByteBuffer destination) {
        base.readStored(full(name), first, destination);
    }

    @Override
    public void close() {
    }

    private String full(String name) {
        return prefix + "." + name;
    }
}
