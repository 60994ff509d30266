package org.diffusionclassifier.testing;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import org.diffusionclassifier.safetensors.SafetensorsWriter;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.tensor.Weights;

/** Weights that a test has made up, held in memory; those of a full-size model have shapes alone. */
public final class MapWeights implements Weights {

    private record Tensor(List<Integer> shape, Supplier<float[]> values) {
    }

    private final Map<String, Tensor> tensors = new LinkedHashMap<>();

    /** Tensors of these names and shapes, of values that their names alone decide. */
    public static MapWeights random(Weights shapes) {
        var made = new MapWeights();
        for (String name : shapes.names()) {
            var values = new float[Math.toIntExact(shapes.elements(name))];
            var random = new SplittableRandom(name.hashCode());
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) random.nextGaussian();
            }
            made.put(name, shapes.shape(name), () -> values);
        }
        return made;
    }

    /** Adds a tensor whose values are made when they are read. */
    public MapWeights put(String name, List<Integer> shape, Supplier<float[]> values) {
        if (tensors.put(name, new Tensor(List.copyOf(shape), values)) != null) {
            throw new IllegalArgumentException(name + " twice");
        }
        return this;
    }

    /** Adds a tensor, row-major. */
    public MapWeights with(String name, float[] tensor, int... shape) {
        if (Arrays.stream(shape).reduce(1, Math::multiplyExact) != tensor.length) {
            throw new IllegalArgumentException(tensor.length + " values for " + Arrays.toString(shape));
        }
        return put(name, Arrays.stream(shape).boxed().toList(), () -> tensor);
    }

    /** Adds a tensor without values. */
    public MapWeights put(String name, Integer... shape) {
        return put(name, List.of(shape), () -> {
            throw new UnsupportedOperationException(name + " has a shape alone");
        });
    }

    public MapWeights remove(String prefix) {
        tensors.keySet().removeIf(name -> name.startsWith(prefix));
        return this;
    }

    public Path write(Path file) {
        var writer = new SafetensorsWriter();
        tensors.forEach((name, tensor) -> writer.floats(name, DType.F32, tensor.shape,
                () -> FloatBuffer.wrap(tensor.values.get())));
        writer.write(file);
        return file;
    }

    @Override
    public String source() {
        return "test";
    }

    @Override
    public Set<String> names() {
        return Collections.unmodifiableSet(tensors.keySet());
    }

    @Override
    public List<Integer> shape(String name) {
        if (!has(name)) {
            throw new InputException(source() + ": no tensor " + name);
        }
        return tensors.get(name).shape;
    }

    @Override
    public DType dtype(String name) {
        return DType.F32;
    }

    @Override
    public void readStored(String name, long first, ByteBuffer destination) {
        shape(name);
        destination.order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer()
                .put(tensors.get(name).values.get(), (int) first, destination.remaining() / Float.BYTES);
        destination.position(destination.limit());
    }

    @Override
    public void close() {
    }
}
