package org.diffusionclassifier.device;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.testing.Devices;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * {@link Philox}, and the device's noise, against golden/noise-philox.json: words published with the algorithm
 * (Random123's known-answer tests), normals computed elsewhere from the definition.
 */
class PhiloxTest {

    private static final JsonNode GOLDEN = golden();

    private static JsonNode golden() {
        try (var file = PhiloxTest.class.getResourceAsStream("/golden/noise-philox.json")) {
            return new ObjectMapper().readTree(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Stream<JsonNode> entries(String name) {
        assertTrue(GOLDEN.get(name).size() > 0, name);
        return StreamSupport.stream(GOLDEN.get(name).spliterator(), false);
    }

    @TestFactory
    Stream<DynamicTest> givesThePublishedWords() {
        return entries("philox4x32_10").map(entry -> dynamicTest("counter " + entry.get("counter"), () -> {
            int[] counter = words(entry.get("counter"));
            int[] key = words(entry.get("key"));
            Philox.block(counter, key[0], key[1]);
            assertArrayEquals(words(entry.get("words")), counter);
        }));
    }

    /** Words are hexadecimal where they are strings. */
    private static int[] words(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false)
                .mapToInt(word -> word.isTextual() ? Integer.parseUnsignedInt(word.textValue(), 16) : word.intValue())
                .toArray();
    }

    @TestFactory
    Stream<DynamicTest> givesTheDefinedNormals() {
        return normals((seed, noiseIndex, entry) -> {
            float[] noise = new float[1024];
            Philox.normals(seed, noiseIndex, noise, noise.length);
            float[] first = floats(entry.get("first"));
            assertArrayEquals(first, Arrays.copyOf(noise, first.length), 1e-5f);
            assertEquals(entry.get("sum_of_1024").doubleValue(),
                    IntStream.range(0, noise.length).mapToDouble(i -> noise[i]).sum(), 1e-3);
        });
    }

    @TestFactory
    Stream<DynamicTest> shorterNoiseIsAPrefix() {
        return normals((seed, noiseIndex, entry) -> {
            float[] first = floats(entry.get("first"));
            for (int elements = 0; elements <= first.length; elements++) {
                float[] noise = new float[first.length + 1];
                Arrays.fill(noise, Float.NaN);
                Philox.normals(seed, noiseIndex, noise, elements);
                assertArrayEquals(Arrays.copyOf(first, elements), Arrays.copyOf(noise, elements), 1e-5f);
                for (int i = elements; i < noise.length; i++) {
                    assertEquals(Float.NaN, noise[i], "element " + i + " of " + elements);
                }
            }
        });
    }

    /**
     * Of a latent [2, 3, 4], elements 0 to 5 are channel 0's pixels, and 6 to 9 begin channel 1. Seed and noise index lie
     * in the device's memory: one graph, recorded (and on a GPU captured) once, draws the noise of them all.
     */
    @Test
    void oneGraphDrawsTheNoiseOfEverySeedChannelByChannel() {
        try (Device device = Devices.open(Devices.types().get(0))) {
            Tensor x0 = device.tensor(DType.F32, 2, 3, 4);
            Tensor seed = device.tensor(DType.I32, 2);
            Tensor index = device.tensor(DType.I32, 1);
            Tensor zero = device.tensor(DType.F32, 1);
            Tensor one = device.tensor(DType.F32, 1);
            device.write(one, new float[] {1});
            var trials = new Diffusion.Trials(x0, seed, index, zero, one, one, zero, one);
            var noised = new AtomicReference<Tensor>();
            try (Graph graph = device.record(recorder -> {
                noised.set(device.diffusion().addNoise(trials));
                recorder.keep(noised.get());
            })) {
                entries("normals").forEach(entry -> {
                    device.write(seed, Philox.key(seed(entry)));
                    device.write(index, new int[] {entry.get("noise_index").intValue()});
                    graph.run();
                    float[] hwc = device.read(noised.get());
                    float[] first = floats(entry.get("first"));
                    for (int i = 0; i < first.length; i++) {
                        float rounding = device.dtype() == DType.F16 ? 0x1p-11f * Math.abs(first[i]) : 0;
                        assertEquals(first[i], hwc[i % 6 * 4 + i / 6], 1e-5f + rounding,
                                "seed " + seed(entry) + ", element " + i);
                    }
                });
            }
        }
    }

    private static long seed(JsonNode entry) {
        return Long.parseUnsignedLong(entry.get("seed").asText());
    }

    private interface NormalsCase {
        void check(long seed, int noiseIndex, JsonNode entry);
    }

    private static Stream<DynamicTest> normals(NormalsCase test) {
        return entries("normals").map(entry -> {
            long seed = seed(entry);
            int noiseIndex = entry.get("noise_index").intValue();
            return dynamicTest("seed " + seed + ", noise " + noiseIndex, () -> test.check(seed, noiseIndex, entry));
        });
    }

    private static float[] floats(JsonNode array) {
        float[] values = new float[array.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = array.get(i).floatValue();
        }
        return values;
    }
}
