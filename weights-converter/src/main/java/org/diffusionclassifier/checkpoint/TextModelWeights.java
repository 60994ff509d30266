package org.diffusionclassifier.checkpoint;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.Weights;
import org.diffusionclassifier.tensor.WeightsView;

/**
 * A text encoder that has its layers under {@code text_model}, as transformers wrote it before version 5 and writes one
 * with a projection, which is beside that: under the names that they have without. Messages give the names that the file
 * has.
 *
 * @param base closed with this
 */
record TextModelWeights(Weights base) implements WeightsView {

    private static final String PREFIX = "text_model.";

    static boolean isOne(Weights weights) {
        return weights.has(PREFIX + "final_layer_norm.weight");
    }

    private String stored(String name) {
        return name.startsWith("text_projection.") ? name : PREFIX + name;
    }

    @Override
    public Set<String> names() {
        var names = new LinkedHashSet<String>();
        for (String name : base.names()) {
            String here = name.startsWith(PREFIX) ? name.substring(PREFIX.length()) : name;
            if (stored(here).equals(name)) {
                names.add(here);
            }
        }
        return names;
    }

    @Override
    public boolean has(String name) {
        return base.has(stored(name));
    }

    @Override
    public List<Integer> shape(String name) {
        return base.shape(stored(name));
    }

    @Override
    public void require(String name, int... shape) {
        base.require(stored(name), shape);
    }

    @Override
    public DType dtype(String name) {
        return base.dtype(stored(name));
    }

    @Override
    public float[] floats(String name, int... shape) {
        return base.floats(stored(name), shape);
    }

    @Override
    public void read(String name, FloatBuffer destination) {
        base.read(stored(name), destination);
    }

    @Override
    public void readStored(String name, long first, ByteBuffer destination) {
        base.readStored(stored(name), first, destination);
    }

    @Override
    public void close() {
        base.close();
    }
}
