package org.diffusionclassifier.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.testing.Devices;

/**
 * The device under test in one type: makes inputs that the type represents exactly, runs what a test records, and
 * holds the result to the {@link Reference}.
 *
 * <p>The criterion, for a result y, the exact reference r and the plain computation p (exact arithmetic, rounded where
 * it is stored): ‖y − r‖ ≤ 2 ‖p − r‖ + 1e-5 ‖r‖, both in the Euclidean norm and in the largest element. For 16-bit
 * types the first term allows one rounding more than the plain computation has; for float32 it vanishes, and the second
 * stands for float32 accumulation.
 *
 * <p>Every run is preceded by one on inputs of NaN, which spreads over the arena: a result that leans on what is left
 * there comes out as NaN.
 */
final class DeviceFixture implements AutoCloseable {

    private static final double FLOOR = 1e-5;

    private final Device device;
    private final SplittableRandom random = new SplittableRandom(20230328);
    private final Map<Tensor, float[]> floats = new LinkedHashMap<>();
    private final Map<Tensor, int[]> ints = new LinkedHashMap<>();

    DeviceFixture(DType dtype) {
        device = Devices.open(dtype);
    }

    Device device() {
        return device;
    }

    /** {@code count} normal values, as the device's type has them. */
    float[] normal(int count) {
        return normal(count, 0, 1);
    }

    float[] normal(int count, double mean, double deviation) {
        return rounded(IntStream.range(0, count).mapToDouble(i -> random.nextGaussian(mean, deviation)).toArray());
    }

    /** The device's nearest to {@code values}. */
    float[] rounded(double... values) {
        float[] result = new float[values.length];
        for (int i = 0; i < result.length; i++) {
            result[i] = Reference.round((float) values[i], device.dtype());
        }
        return result;
    }

    /** Input of the device's type. */
    Tensor input(float[] values, int... shape) {
        return input(device.dtype(), values, shape);
    }

    Tensor input(DType type, float[] values, int... shape) {
        Tensor tensor = device.tensor(type, shape);
        floats.put(tensor, values);
        return tensor;
    }

    Tensor input(int[] values, int... shape) {
        Tensor tensor = device.tensor(DType.I32, shape);
        ints.put(tensor, values);
        return tensor;
    }

    /** What a recorded forward pass computes of the inputs made so far. */
    float[] run(Supplier<Tensor> forward) {
        var output = new AtomicReference<Tensor>();
        try (Graph graph = device.record(recorder -> {
            output.set(forward.get());
            recorder.keep(output.get());
        })) {
            floats.forEach((tensor, values) -> {
                float[] poison = new float[values.length];
                Arrays.fill(poison, Float.NaN);
                device.write(tensor, poison);
            });
            ints.forEach((tensor, values) -> device.write(tensor, new int[values.length]));
            graph.run();
            floats.forEach(device::write);
            ints.forEach(device::write);
            graph.run();
            return device.read(output.get());
        }
    }

    /** Asserts the criterion for a result of the device's type. */
    void assertMatches(Function<Reference, double[]> formula, float[] actual) {
        assertMatches(device.dtype(), 1, formula, actual);
    }

    /**
     * Asserts the criterion.
     *
     * @param type      of the result
     * @param condition by how much the formula itself amplifies float32's rounding: scales the 1e-5
     */
    static void assertMatches(DType type, double condition, Function<Reference, double[]> formula, float[] actual) {
        double[] exact = formula.apply(Reference.EXACT);
        double[] plain = formula.apply(Reference.storing(type));
        double[] found = IntStream.range(0, actual.length).mapToDouble(i -> actual[i]).toArray();
        assertEquals(exact.length, found.length, "number of elements");
        double[] zero = new double[exact.length];
        double allowed = 2 * euclidean(plain, exact) + FLOOR * condition * euclidean(exact, zero);
        double error = euclidean(found, exact);
        assertTrue(error <= allowed, () -> "error " + error + " of " + euclidean(exact, zero) + ", allowed " + allowed);
        double allowedOfOne = 2 * largest(plain, exact) + FLOOR * condition * largest(exact, zero);
        double worst = largest(found, exact);
        assertTrue(worst <= allowedOfOne, () -> "largest error " + worst + " of " + largest(exact, zero) + ", allowed "
                + allowedOfOne);
    }

    private static double euclidean(double[] a, double[] b) {
        return Math.sqrt(IntStream.range(0, a.length).mapToDouble(i -> (a[i] - b[i]) * (a[i] - b[i])).sum());
    }

    private static double largest(double[] a, double[] b) {
        return IntStream.range(0, a.length).mapToDouble(i -> Math.abs(a[i] - b[i])).max().orElse(0);
    }

    @Override
    public void close() {
        device.close();
    }
}
