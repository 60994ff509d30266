package org.diffusionclassifier.checkpoint.adapter;

import static org.diffusionclassifier.testing.Fixtures.inputError;
import static org.diffusionclassifier.testing.Fixtures.resource;
import static org.diffusionclassifier.testing.Fixtures.values;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.diffusionclassifier.pytorch.PytorchWeights;
import org.diffusionclassifier.safetensors.SafetensorsFile;
import org.diffusionclassifier.safetensors.SafetensorsWriter;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.Weights;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Adapters of every kind, against PyTorch in float64 (src/test/resources/adapters/make.py has the formulas), and the
 * less common against their formulas element by element in double precision.
 */
class AdapterFileTest {

    private static final String UNET = "unet";

    @TempDir
    Path temp;

    static Stream<String> cases() {
        var cases = new TreeSet<String>();
        try (var file = PytorchWeights.open(resource("adapters/cases.pt"))) {
            file.at("cases").names().forEach(name -> cases.add(name.substring(0, name.indexOf('.'))));
        }
        assertEquals(29, cases.size(), cases.toString());
        return cases.stream();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void doesWhatPyTorchDoes(String name) {
        try (var file = PytorchWeights.open(resource("adapters/cases.pt"))) {
            Weights network = file.at("network");
            Weights expected = file.at("cases." + name + ".expected");
            var adapterFile = new AdapterFile(file.at("cases." + name + ".adapter"));
            Map<String, Adapter> adapters = adapterFile.adapters(UNET, network);
            assertEquals(expected.names(), adapters.keySet());
            for (String tensor : expected.names()) {
                float[] before = values(network, tensor);
                float[] whole = before.clone();
                adapters.get(tensor).adapt(whole, 1);
                float[] half = before.clone();
                adapters.get(tensor).adapt(half, 0.5f);
                float[] right = values(expected, tensor);
                for (int i = 0; i < right.length; i++) {
                    assertEquals(right[i], whole[i], 2e-5, tensor + " " + i);
                    assertEquals((before[i] + right[i]) / 2, half[i], 2e-5, tensor + " " + i);
                }
            }
        }
    }

    /** W′[i·b + p, j·d + q, k] = W + w1[i, j] · w2[p, q, k], of sizes that none of which divides another. */
    @Test
    void lokrIsTheKroneckerProduct() {
        int a = 2, b = 3, c = 5, d = 7, pixels = 9;
        float[] w1 = numbers(a * c, 1);
        float[] w2 = numbers(b * d * pixels, 2);
        float[] w = numbers(a * b * c * d * pixels, 3);
        float[] adapted = adapted(w, List.of(a * b, c * d, 3, 3), new SafetensorsWriter()
                .floats("conv.lokr_w1", DType.F32, List.of(a, c), w1)
                .floats("conv.lokr_w2", DType.F32, List.of(b, d, 3, 3), w2));
        for (int i = 0; i < a; i++) {
            for (int p = 0; p < b; p++) {
                for (int j = 0; j < c; j++) {
                    for (int q = 0; q < d; q++) {
                        for (int k = 0; k < pixels; k++) {
                            int at = ((i * b + p) * c * d + j * d + q) * pixels + k;
                            assertEquals(w[at] + (double) w1[i * c + j] * w2[(p * d + q) * pixels + k], adapted[at],
                                    1e-6);
                        }
                    }
                }
            }
        }
    }

    /** W′ = W + alpha / rank · (Σ w1_a · w1_b) · (Σ w2_a · w2_b), each element on its own. */
    @Test
    void lohaIsTheElementwiseProduct() {
        int out = 4, in = 5, rank = 3;
        float[] a1 = numbers(out * rank, 1);
        float[] b1 = numbers(rank * in, 2);
        float[] a2 = numbers(out * rank, 3);
        float[] b2 = numbers(rank * in, 4);
        float[] w = numbers(out * in, 5);
        float[] adapted = adapted(w, List.of(out, in), new SafetensorsWriter()
                .floats("conv.hada_w1_a", DType.F32, List.of(out, rank), a1)
                .floats("conv.hada_w1_b", DType.F32, List.of(rank, in), b1)
                .floats("conv.hada_w2_a", DType.F32, List.of(out, rank), a2)
                .floats("conv.hada_w2_b", DType.F32, List.of(rank, in), b2)
                .floats("conv.alpha", DType.F32, List.of(), new float[] {2}));
        for (int o = 0; o < out; o++) {
            for (int i = 0; i < in; i++) {
                double first = 0;
                double second = 0;
                for (int r = 0; r < rank; r++) {
                    first += (double) a1[o * rank + r] * b1[r * in + i];
                    second += (double) a2[o * rank + r] * b2[r * in + i];
                }
                assertEquals(w[o * in + i] + 2.0 / rank * first * second, adapted[o * in + i], 1e-6);
            }
        }
    }

    /** (I + Q) · W′ = (I − Q) · W with Q = B − Bᵀ, without an inverse; and a rotation keeps every column's length. */
    @ParameterizedTest
    @ValueSource(floats = {0, 1, 100})
    void oftSolvesCayleysEquation(float size) {
        int out = 40;
        float[] b = numbers(out * out, 1);
        for (int i = 0; i < b.length; i++) {
            b[i] *= size;
        }
        float[] w = numbers(out * 3, 2);
        float[] adapted = adapted(w, List.of(out, 3), new SafetensorsWriter()
                .floats("conv.oft_blocks", DType.F32, List.of(1, out, out), b));
        for (int column = 0; column < 3; column++) {
            double before = 0;
            double after = 0;
            for (int i = 0; i < out; i++) {
                double left = adapted[i * 3 + column];
                double right = w[i * 3 + column];
                for (int j = 0; j < out; j++) {
                    double q = (double) b[i * out + j] - b[j * out + i];
                    left += q * adapted[j * 3 + column];
                    right -= q * w[j * 3 + column];
                }
                assertEquals(right, left, 2e-5 * (1 + size));
                before += Math.pow(w[i * 3 + column], 2);
                after += Math.pow(adapted[i * 3 + column], 2);
            }
            assertEquals(before, after, 1e-5 * before);
        }
    }

    /** A row of zeros has no direction, and stays. */
    @Test
    void doraLeavesZerosAlone() {
        float[] adapted = adapted(new float[] {0, 0, 3, 4}, List.of(2, 2), new SafetensorsWriter()
                .floats("conv.lora_down.weight", DType.F32, List.of(1, 2), new float[2])
                .floats("conv.lora_up.weight", DType.F32, List.of(2, 1), new float[2])
                .floats("conv.dora_scale", DType.F32, List.of(2, 1), new float[] {7, 10}));
        assertEquals(List.of(0f, 0f, 6f, 8f), List.of(adapted[0], adapted[1], adapted[2], adapted[3]));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "oft_blocks|5,2,2|expected square blocks for the 12 outputs of conv.weight, found shape [5, 2, 2]",
        "oft_blocks|12|expected square blocks for the 12 outputs",
        "oft_blocks|2,6,6,1|expected square blocks for the 12 outputs",
        "oft_blocks|0,6,6|expected square blocks for the 12 outputs",
        "lokr_w1|5,2|expected factors of conv.weight [12, 10], found shape [5, 2]",
        "lokr_w1|2|expected more than 1 dimensions, found shape [2]",
        "lokr_w1|2,5|expected lokr_w2_b beside lora_unet_conv.lokr_w1, found none",
        "diff|12,9|expected as many elements as conv.weight [12, 10], found shape [12, 9]",
        "diff_b|11|expected as many elements as conv.bias [12], found shape [11]",
        "hada_t1|3,3,3,3|expected hada_w1_b beside lora_unet_conv.hada_t1, found none",
        "lora_magnitude_vector|12|expected an adapter beside lora_unet_conv.lora_magnitude_vector, found none",
        "lora_mid.weight|3,3,3,3|expected lora_up beside lora_unet_conv.lora_mid.weight, found none",
        "oft_diag|2,6,6|expected a LoRA or another adapter that is known, found tensor lora_unet_conv.oft_diag",
        "on_input|1|expected a LoRA or another adapter that is known, found tensor lora_unet_conv.on_input"})
    void whatDoesNotFitIsRefusedByName(String part, String shape, String message) {
        var dimensions = Stream.of(shape.split(",")).map(Integer::valueOf).toList();
        int elements = dimensions.stream().reduce(1, (x, y) -> x * y);
        Path file = temp.resolve("adapter.safetensors");
        new SafetensorsWriter().floats("lora_unet_conv." + part, DType.F32, dimensions, new float[elements])
                .write(file);
        Path network = temp.resolve("network.safetensors");
        new SafetensorsWriter().floats("conv.weight", DType.F32, List.of(12, 10), new float[120])
                .floats("conv.bias", DType.F32, List.of(12), new float[12]).write(network);
        try (var tensors = SafetensorsFile.open(file); var weights = SafetensorsFile.open(network)) {
            String found = inputError(() -> new AdapterFile(tensors).adapters(UNET, weights));
            assertTrue(found.startsWith(file + ": ") && found.contains(message), found);
        }
    }

    /** Two kinds of one layer, whose order would matter. */
    @Test
    void twoAdaptersOfOneLayerAreRefused() {
        Path file = temp.resolve("adapter.safetensors");
        new SafetensorsWriter().floats("lora_unet_conv.diff", DType.F32, List.of(2, 2), new float[4])
                .floats("lora_unet_conv.oft_blocks", DType.F32, List.of(1, 2, 2), new float[4])
                .floats("conv.weight", DType.F32, List.of(2, 2), new float[4]).write(temp.resolve("both.safetensors"));
        new SafetensorsWriter().floats("lora_unet_conv.diff", DType.F32, List.of(2, 2), new float[4])
                .floats("lora_unet_conv.oft_blocks", DType.F32, List.of(1, 2, 2), new float[4]).write(file);
        try (var tensors = SafetensorsFile.open(file);
                var network = SafetensorsFile.open(temp.resolve("both.safetensors"))) {
            String found = inputError(() -> new AdapterFile(tensors).adapters(UNET, network));
            assertTrue(found.contains("expected one adapter of conv.weight, found another with lora_unet_conv."),
                    found);
        }
    }

    /** What a file of adapters of the layer "conv" makes of its weights. */
    private float[] adapted(float[] weights, List<Integer> shape, SafetensorsWriter adapter) {
        Path file = temp.resolve("adapter.safetensors");
        adapter.write(file);
        Path network = temp.resolve("network.safetensors");
        new SafetensorsWriter().floats("conv.weight", DType.F32, shape, weights).write(network);
        try (var tensors = SafetensorsFile.open(file); var base = SafetensorsFile.open(network)) {
            Map<String, Adapter> adapters = new AdapterFile(tensors).adapters(UNET, base);
            assertEquals(Set.of("conv.weight"), adapters.keySet());
            float[] adapted = weights.clone();
            adapters.get("conv.weight").adapt(adapted);
            return adapted;
        }
    }

    private static float[] numbers(int count, int seed) {
        var random = new SplittableRandom(seed);
        var numbers = new float[count];
        for (int i = 0; i < count; i++) {
            numbers[i] = (float) random.nextDouble(-1, 1);
        }
        return numbers;
    }
}
