package org.diffusionclassifier.selftest;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Diffusion.Trials;
import org.diffusionclassifier.device.Graph;
import org.diffusionclassifier.device.Layer;
import org.diffusionclassifier.device.Op;
import org.diffusionclassifier.device.Philox;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.FloatFormats;
import org.diffusionclassifier.tensor.Weights;

/**
 * One device's part in a comparison of two. Inputs are made in the order in which they are asked for, the same on both
 * sides, and hold values that the narrower type of the two represents.
 */
final class Side implements AutoCloseable {

    private static final int SEED = 20230328;

    private final Device device;
    private final UnaryOperator<Float> rounding;
    private final Weights weights;
    private final List<Layer> layers = new ArrayList<>();
    private final Map<Tensor, float[]> floats = new LinkedHashMap<>();
    private final Map<Tensor, int[]> integers = new LinkedHashMap<>();
    private final SplittableRandom random = new SplittableRandom(SEED);

    /** @param narrower the type whose values inputs have */
    Side(Device device, DType narrower) {
        this.device = device;
        this.rounding = switch (narrower) {
            case F16 -> value -> FloatFormats.fromF16(FloatFormats.toF16(value));
            case BF16 -> value -> FloatFormats.fromBF16(FloatFormats.toBF16(value));
            default -> value -> value;
        };
        this.weights = new MadeUpWeights(rounding);
    }

    Device device() {
        return device;
    }

    Weights weights() {
        return weights;
    }

    /** A layer that is closed with this. */
    <L extends Layer> L layer(L layer) {
        layers.add(layer);
        return layer;
    }

    /** Normal values in the device's type. */
    Tensor normal(int... shape) {
        return normal(device.dtype(), shape);
    }

    /** Normal values in a type. */
    Tensor normal(DType type, int... shape) {
        Tensor tensor = device.tensor(type, shape);
        float[] values = new float[Math.toIntExact(tensor.elements())];
        for (int i = 0; i < values.length; i++) {
            values[i] = rounding.apply((float) random.nextGaussian());
        }
        floats.put(tensor, values);
        return tensor;
    }

    /** These values in float32: a number each. */
    Tensor numbers(double... values) {
        Tensor tensor = device.tensor(DType.F32, values.length);
        float[] singles = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            singles[i] = (float) values[i];
        }
        floats.put(tensor, singles);
        return tensor;
    }

    Tensor integers(int... values) {
        Tensor tensor = device.tensor(DType.I32, values.length);
        integers.put(tensor, values);
        return tensor;
    }

    /** Three trials of no noise process in particular, on a latent of this shape. */
    Trials trials(int h, int w, int c) {
        return new Trials(normal(DType.F32, h, w, c), integers(Philox.key(42)), integers(0, 7, 3),
                numbers(0.9, 0.1, 0.5), numbers(0.43589, 0.99499, 0.86603), numbers(1, 0.1, -0.5), numbers(0, 0.995, 0.3),
                numbers(1, 2, 0.5));
    }

    /**
     * What a forward pass gives, run twice: first on inputs that are not numbers, so that a result that leans on what is
     * left in memory is none.
     *
     * @param seen gets the recorded operations
     */
    float[] run(Function<Side, Tensor> pass, Function<List<Op>, ?> seen) {
        var output = new AtomicReference<Tensor>();
        try (Graph graph = device.record(recorder -> {
            output.set(pass.apply(this));
            recorder.keep(output.get());
        })) {
            seen.apply(graph.ops());
            floats.forEach((tensor, values) -> {
                float[] poison = new float[values.length];
                Arrays.fill(poison, Float.NaN);
                device.write(tensor, poison);
            });
            integers.forEach((tensor, values) -> device.write(tensor, new int[values.length]));
            graph.run();
            floats.forEach(device::write);
            integers.forEach(device::write);
            graph.run();
            return device.read(output.get());
        }
    }

    @Override
    public void close() {
        layers.forEach(Layer::close);
        floats.keySet().forEach(device::release);
        integers.keySet().forEach(device::release);
    }
}
