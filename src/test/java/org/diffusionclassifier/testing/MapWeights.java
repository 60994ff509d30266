package org.diffusionclassifier.testing;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.tensor.Weights;

/** Weights that a test has made up, held in memory. */
public final class MapWeights implements Weights {

    private final Map<String, float[]> values = new LinkedHashMap<>();
    private final Map<String, List<Integer>> shapes = new LinkedHashMap<>();

    /** Adds a tensor, row-major. */
    public MapWeights with(String name, float[] tensor, int... shape) {
        if (Arrays.stream(shape).reduce(1, Math::multiplyExact) != tensor.length) {
            throw new IllegalArgumentException(tensor.length + " values for " + Arrays.toString(shape));
        }
        values.put(name, tensor);
        shapes.put(name, Arrays.stream(shape).boxed().toList());
        return this;
    }

    @Override
    public String source() {
        return "memory";
    }

    @Override
    public Set<String> names() {
        return values.keySet();
    }

    @Override
    public List<Integer> shape(String name) {
        if (!has(name)) {
            throw new InputException(source() + ": no tensor " + name);
        }
        return shapes.get(name);
    }

    @Override
    public DType dtype(String name) {
        return DType.F32;
    }

    @Override
    public void readStored(String name, long first, ByteBuffer destination) {
        shape(name);
        destination.order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer()
                .put(values.get(name), (int) first, destination.remaining() / Float.BYTES);
        destination.position(destination.limit());
    }

    @Override
    public void close() {
    }
}
