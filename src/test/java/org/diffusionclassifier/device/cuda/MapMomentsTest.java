package org.diffusionclassifier.device.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.diffusionclassifier.config.UNetConfig.BlockKind;
import org.diffusionclassifier.config.UNetConfig;
import org.diffusionclassifier.device.Activation;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Graph;
import org.diffusionclassifier.device.GroupNorm;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.device.cpu.CpuDevice;
import org.diffusionclassifier.device.cuda.driver.KernelOp;
import org.diffusionclassifier.model.Conditioning;
import org.diffusionclassifier.model.Pairs;
import org.diffusionclassifier.model.stablediffusion.UNet;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.SyntheticWeights;
import org.diffusionclassifier.testing.Devices;
import org.diffusionclassifier.testing.MapWeights;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Group norms of maps whose moments the layers before have gathered: which launches are left, and that a network with
 * them computes the same. What the moments are is {@code TilesTest}'s; what becomes of them, {@code NormsTest}'s.
 */
@Tag("cuda")
class MapMomentsTest {

    private static final int CHANNELS = 160;

    private final SplittableRandom random = new SplittableRandom(20230328);

    /** A projection, told whether a norm follows, and norms of its result and of two of them. */
    private final class Layers implements AutoCloseable {

        private final CudaDevice device;
        private final Gemm gemm;
        private final GroupNorm norm;
        private final GroupNorm normOfTwo;

        Layers(CudaDevice device, int groups) {
            this.device = device;
            float[] values = floats(CHANNELS * 32);
            var weights = KernelWeights.matrix(device, () -> values, CHANNELS, 32);
            gemm = new Gemm(device, weights, null, Activation.NONE, true);
            norm = norm(CHANNELS, groups);
            normOfTwo = norm(2 * CHANNELS, groups);
        }

        private GroupNorm norm(int channels, int groups) {
            return device.groupNorm(new GroupNorm.Spec(channels, groups, 1e-5f, true), new MapWeights()
                    .with("weight", floats(channels), channels).with("bias", floats(channels), channels));
        }

        /** [B, H, W, 32] → [B, H, W, 160] by tiles of 128 × 160. */
        Tensor project(Tensor x) {
            Tensor y = device.activations(x.dim(0), x.dim(1), x.dim(2), CHANNELS);
            var plan = new Tiles.Plan(Tiles.T128X160, 1, 1);
            y = y.withMoments(MapMoments.of(device, y, "gemm", 1, plan));
            gemm.record(plan, x, null, null, y);
            return y;
        }

        @Override
        public void close() {
            normOfTwo.close();
            norm.close();
            gemm.close();
        }
    }

    private List<String> launches(int groups, Consumer<Layers> forward) {
        try (var device = (CudaDevice) Devices.openCuda(Kernels.NATIVE); var layers = new Layers(device, groups);
                Graph graph = device.record(recorder -> forward.accept(layers))) {
            graph.run();
            device.synchronize();
            return graph.ops().stream().map(op -> ((KernelOp) op).kernel().kernel()).toList();
        }
    }

    private Tensor input(Device device, int... shape) {
        Tensor tensor = device.tensor(device.dtype(), shape);
        device.write(tensor, floats(Math.toIntExact(tensor.elements())));
        return tensor;
    }

    @Test
    void aNormOfMapsWithMomentsIsOneLaunch() {
        assertEquals(List.of("gemm_moments_128x160", "groupnorm_apply", "groupnorm_apply"), launches(16, layers -> {
            Tensor y = layers.project(input(layers.device, 2, 32, 32, 32));
            layers.norm.forward(y);
            layers.normOfTwo.forward(y, y);
        }));
    }

    @Test
    void anInputWithoutMomentsIsReadForThem() {
        assertEquals(List.of("gemm_moments_128x160", "groupnorm_stats", "groupnorm_apply"), launches(16, layers ->
                layers.normOfTwo.forward(layers.project(input(layers.device, 2, 32, 32, 32)),
                        input(layers.device, 2, 32, 32, CHANNELS))));
    }

    /** Entries of a map are another map. */
    @Test
    void gatheredEntriesHaveNoMoments() {
        assertEquals(List.of("gemm_moments_128x160", "gather_rows", "groupnorm_stats", "groupnorm_stats",
                "groupnorm_apply"), launches(16, layers -> {
            Tensor index = layers.device.tensor(DType.I32, 3);
            Tensor y = layers.project(input(layers.device, 2, 32, 32, 32));
            Tensor three = layers.device.gather(y, index);
            layers.normOfTwo.forward(three, input(layers.device, 3, 32, 32, CHANNELS));
        }));
    }

    /** A block of 128 rows would have pixels of two images; an image of 512 pixels stays on chip anyway. */
    @Test
    void mapsThatTilesDoNotDivideAndSmallOnesHaveNoMoments() {
        for (int[] size : new int[][] {{33, 32}, {16, 32}}) {
            assertEquals("gemm_128x160", launches(16, layers ->
                    layers.norm.forward(layers.project(input(layers.device, 2, size[0], size[1], 32)))).get(0));
        }
    }

    /** 5 channels a group of one map, 10 of two: only the latter are whole pairs. */
    @Test
    void groupsOfAnOddNumberOfChannelsDoNotUseMomentsOfPairs() {
        assertEquals(List.of("gemm_moments_128x160", "groupnorm_stats", "groupnorm_apply", "groupnorm_apply"),
                launches(32, layers -> {
                    Tensor y = layers.project(input(layers.device, 1, 64, 64, 32));
                    layers.norm.forward(y);
                    layers.normOfTwo.forward(y, y);
                }));
    }

    @Test
    void anImageHasTheSameBitsWhateverElseIsInTheBatch() {
        try (var device = (CudaDevice) Devices.openCuda(Kernels.NATIVE); var layers = new Layers(device, 16)) {
            Tensor x = device.tensor(DType.F16, 3, 32, 32, 32);
            var y = new AtomicReference<Tensor>();
            try (Graph graph = device.record(recorder -> {
                y.set(layers.norm.forward(layers.project(x)));
                recorder.keep(y.get());
            })) {
                float[] image = floats(1024 * 32);
                float[] first = third(device, graph, x, y.get(), image);
                assertArrayEquals(first, third(device, graph, x, y.get(), image));
            }
        }
    }

    /** The third image's result, with others before it. */
    private float[] third(CudaDevice device, Graph graph, Tensor x, Tensor y, float[] image) {
        float[] all = floats(Math.toIntExact(x.elements()));
        System.arraycopy(image, 0, all, 2 * image.length, image.length);
        device.write(x, all);
        graph.run();
        float[] result = device.read(y);
        return Arrays.copyOfRange(result, result.length / 3 * 2, result.length);
    }

    /** 32 × 32 pixels, three pairs of two trials: of all kinds of maps, with moments and without. */
    @Test
    void aNetworkOfLargeMapsAgreesWithTheCpu() {
        var attends = BlockKind.CROSS_ATTENTION;
        var config = new UNetConfig(32, 4, 4, List.of(96, 96), List.of(BlockKind.PLAIN, attends),
                List.of(attends, BlockKind.PLAIN), List.of(1, 1), List.of(2, 2), List.of(1, 1), 16, 16, 1e-5f, true, true,
                0, false);
        float[] latents = floats(2 * 1024 * 4);
        float[] context = floats(3 * 5 * 16);
        float[] expected;
        try (Device cpu = new CpuDevice(DType.F32)) {
            expected = predict(config, cpu, latents, context);
        }
        try (Device cuda = Devices.openCuda(Kernels.NATIVE)) {
            float[] found = predict(config, cuda, latents, context);
            double error = 0;
            double norm = 0;
            for (int i = 0; i < expected.length; i++) {
                error += Math.pow(found[i] - expected[i], 2);
                norm += Math.pow(expected[i], 2);
            }
            assertTrue(Math.sqrt(error / norm) < 5e-3, "relative error " + Math.sqrt(error / norm));
        }
    }

    private static float[] predict(UNetConfig config, Device device, float[] latents, float[] context) {
        Tensor xt = device.tensor(device.dtype(), 2, 32, 32, 4);
        Tensor states = device.tensor(device.dtype(), 3, 5, 16);
        Tensor times = device.tensor(DType.F32, 2);
        Tensor trialOfPair = device.tensor(DType.I32, 3);
        Tensor prompts = device.tensor(DType.I32, 3);
        device.write(xt, latents);
        device.write(states, context);
        device.write(times, new float[] {500, 20});
        device.write(trialOfPair, new int[] {0, 1, 1});
        device.write(prompts, IntStream.range(0, 3).toArray());
        var prediction = new AtomicReference<Tensor>();
        try (var unet = new UNet(config, new SyntheticWeights(), device); Graph graph = device.record(recorder -> {
            prediction.set(unet.forward(xt, new Pairs(times, trialOfPair,
                    new Conditioning(device, 1, unet.projectContext(states), List.of()), prompts),
                    (name, value) -> { }));
            recorder.keep(prediction.get());
        })) {
            graph.run();
            return device.read(prediction.get());
        }
    }

    private float[] floats(int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) (random.nextGaussian() / 2);
        }
        return values;
    }
}
