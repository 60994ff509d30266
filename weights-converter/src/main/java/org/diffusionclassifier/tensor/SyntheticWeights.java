package org.diffusionclassifier.tensor;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Made-up weights, for measuring. Every tensor that a network asks for exists. Its values are normal with deviation
 * 1/√fan-in, so that activations stay within range through any number of layers. Vectors named {@code weight}, which
 * are the gains of norms, are 1, and biases are 0. The same name and shape give the same values.
 */
public final class SyntheticWeights implements Weights {

    /** A prime, so that rows do not repeat in step with the stretch of normals that fills them. */
    private static final int NORMALS = 65537;

    private final float[] normals = new float[NORMALS];
    private final Map<String, List<Integer>> asked = new ConcurrentHashMap<>();

    public SyntheticWeights() {
        var random = new SplittableRandom(2303_16203L);
        for (int i = 0; i < NORMALS; i++) {
            normals[i] = (float) random.nextGaussian();
        }
    }

    @Override
    public String source() {
        return "synthetic weights";
    }

    /** The tensors that were asked for so far. */
    @Override
    public Set<String> names() {
        return asked.keySet();
    }

    @Override
    public boolean has(String name) {
        return true;
    }

    /** In the layout that devices use, because no file prescribes another. */
    @Override
    public boolean channelsLast() {
        return true;
    }

    /** @throws InputException for a tensor that was not asked for by {@link #require} */
    @Override
    public List<Integer> shape(String name) {
        List<Integer> shape = asked.get(name);
        if (shape == null) {
            throw new InputException(source() + ": no tensor " + name);
        }
        return shape;
    }

    @Override
    public void require(String name, int... shape) {
        asked.put(name, Arrays.stream(shape).boxed().toList());
    }

    @Override
    public DType dtype(String name) {
        return DType.F32;
    }

    @Override
    public void readStored(String name, long first, ByteBuffer destination) {
        List<Integer> shape = shape(name);
        FloatBuffer values = destination.order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
        if (shape.size() == 1) {
            float value = name.endsWith("weight") ? 1 : 0;
            while (values.hasRemaining()) {
                values.put(value);
            }
        } else {
            float deviation = (float) Math.sqrt(shape.get(0) / (double) elements(name));
            int from = (int) Math.floorMod(name.hashCode() + first, (long) NORMALS);
            while (values.hasRemaining()) {
                values.put(deviation * normals[from]);
                from = from + 1 == NORMALS ? 0 : from + 1;
            }
        }
        destination.position(destination.limit());
    }

    @Override
    public void close() {
    }
}
