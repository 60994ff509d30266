package org.diffusionclassifier.device.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.EnumSet;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.BiConsumer;
import java.util.function.IntUnaryOperator;
import org.diffusionclassifier.device.Activation;
import org.diffusionclassifier.device.Conv2d.Padding;
import org.diffusionclassifier.device.Conv2d;
import org.diffusionclassifier.device.Graph;
import org.diffusionclassifier.device.ResidualConv2d;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.device.cuda.CudaConv2d.Inputs;
import org.diffusionclassifier.device.cuda.driver.GpuProperties;
import org.diffusionclassifier.device.cuda.driver.KernelCatalog;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.testing.Devices;
import org.diffusionclassifier.testing.MapWeights;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The tiles of {@code gemm.cu} and {@code conv.cu} against one another: all sum in the same order, so that every tile
 * must give the bits of {@link Tiles#ANY}, which {@code LinearTest} and {@code Conv2dTest} hold to a double reference.
 * A split sum may differ from it by float32's rounding, and so by one rounding to float16.
 */
@Tag("cuda")
class TilesTest {

    private final CudaDevice device = (CudaDevice) Devices.openCuda();
    private final SplittableRandom random = new SplittableRandom(20230328);

    @AfterEach
    void close() {
        device.close();
    }

    @ParameterizedTest
    @CsvSource({"NONE,300,328", "NONE,17,331", "GEGLU,263,344", "GEGLU,70,90", "SILU,130,136", "SILU,5,7"})
    void everyTileOfTheMatrixProductGivesTheSameBits(Activation activation, int m, int n) {
        Tensor x = normal(m, 88);
        Tensor x1 = normal(m, 40);
        Tensor residual = activation == Activation.GEGLU ? null : normal(m, n);
        Set<Tiles> tiles = tiles(Gemm.family(activation));
        float[] weights = floats(n * 128);
        try (var gemm = new Gemm(device, KernelWeights.sideBySide(device, () -> weights, n, 88, 40), bias(n),
                activation, false)) {
            compare(tiles, 5, DType.F16, new int[] {m, activation == Activation.GEGLU ? n / 2 : n},
                    (plan, y) -> gemm.record(plan, x, x1, residual, y));
        }
    }

    @ParameterizedTest
    @CsvSource({"NONE,300,328,2", "NONE,17,331,4", "QUICK_GELU,9,70,5", "GELU,128,160,3"})
    void splitsOfTheMatrixProductAddUp(Activation activation, int m, int n, int splits) {
        Tensor x = normal(m, 600);
        Tensor residual = normal(m, n);
        float[] weights = floats(n * 600);
        try (var gemm = new Gemm(device, KernelWeights.matrix(device, () -> weights, n, 600), bias(n), activation,
                false)) {
            compareSplits(tiles("gemm_partial"), 19, splits, new int[] {m, n},
                    (plan, y) -> gemm.record(plan, x, null, residual, y));
        }
    }

    /** Sizes that no tile divides; x has 9·2 tiles of depth, or doubled 4·2. */
    @ParameterizedTest
    @CsvSource({"1,SYMMETRIC,false,3,11,9,330", "2,SYMMETRIC,false,2,9,14,33", "2,BOTTOM_RIGHT,false,1,12,7,170",
        "1,SYMMETRIC,true,2,5,7,162"})
    void everyTileOfTheConvolutionGivesTheSameBits(int stride, Padding padding, boolean doubling, int batch, int height,
                                                   int width, int out) {
        var spec = new Conv2d.Spec(40, 0, out, 3, stride, padding, doubling, false, false,
                Conv2d.Fusion.NONE);
        try (var conv = conv(spec)) {
            Tensor x = normal(batch, height, width, 40);
            int[] shape = {batch, spec.outputSize(height), spec.outputSize(width), out};
            Tensor residual = normal(shape);
            Tensor perImage = normal(batch, out + 8).columns(8, out);
            BiConsumer<Tiles.Plan, Tensor> record = (plan, y) -> conv.record(plan, Inputs.of(x), residual, perImage, y);
            int depth = doubling ? 8 : 18;
            compare(tiles("conv3x3"), depth, DType.F16, shape, record);
            for (int splits : new int[] {2, depth}) {
                compareSplits(tiles("conv3x3_partial"), depth, splits, shape, record);
            }
        }
    }

    /** Taps, then the shortcut's inputs: 9·2, 3 and 2 tiles of depth, so that splits begin in each of them. */
    @ParameterizedTest
    @CsvSource({"1,3,11,9,330", "2,2,9,14,33", "1,2,8,8,160"})
    void everyTileOfTheConvolutionWithAShortcutGivesTheSameBits(int stride, int batch, int height, int width, int out) {
        Conv2d.Spec filter = Conv2d.Spec.of(40, out, 3);
        var spec = new ResidualConv2d.Spec(stride == 1 ? filter : filter.halving(Padding.SYMMETRIC),
                Conv2d.Spec.of(72, out, 1).withConcat(64));
        try (var conv = new CudaConv2d(device, spec, weights(spec.conv()), weights(spec.shortcut()))) {
            int[] shape = {batch, spec.conv().outputSize(height), spec.conv().outputSize(width), out};
            var inputs = new Inputs(normal(batch, height, width, 40), normal(batch, shape[1], shape[2], 72),
                    normal(batch, shape[1], shape[2], 64));
            Tensor addend = normal(shape);
            BiConsumer<Tiles.Plan, Tensor> record = (plan, y) -> conv.record(plan, inputs, addend, null, y);
            compare(tiles("conv3x3"), 23, DType.F16, shape, record);
            for (int splits : new int[] {2, 5, 23}) {
                compareSplits(tiles("conv3x3_partial"), 23, splits, shape, record);
            }
        }
    }

    /** Of two images of 512 pixels, and of a number of columns that no tile divides; the stored bits stay the same. */
    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.INCLUDE, names = {"T256X160", "T128X160", "T128X128"})
    void tilesGatherTheMomentsOfWhatTheyStore(Tiles tile) {
        assertTrue(tiles("gemm_moments").contains(tile) && tiles("conv3x3_moments").contains(tile));
        int n = 342;
        Tensor x = normal(2, 16, 32, 40);
        Tensor residual = normal(2, 16, 32, n);
        Tensor perImage = normal(2, n);
        float[] weights = floats(n * 40);
        try (var conv = conv(Conv2d.Spec.of(40, n, 3));
                var gemm = new Gemm(device, KernelWeights.matrix(device, () -> weights, n, 40), bias(n),
                        Activation.NONE, true)) {
            IntUnaryOperator inOrder = row -> row;
            checkMoments(new Tiles.Plan(tile, 1, 18), new int[] {2, 16, 32, n}, inOrder,
                    (plan, y) -> conv.record(plan, Inputs.of(x), residual, perImage, y));
            checkMoments(new Tiles.Plan(tile, 1, 2), new int[] {2, 16, 32, n}, inOrder,
                    (plan, y) -> gemm.record(plan, x, null, residual, y));
        }
    }

    /** Of two images of 1024 pixels, 256 of each parity, which come one after the other. */
    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.INCLUDE, names = {"T256X160", "T128X160", "T128X128"})
    void tilesOfADoubledMapGatherTheMomentsOfEachParity(Tiles tile) {
        int n = 330;
        Tensor x = normal(2, 16, 16, 40);
        try (var conv = conv(Conv2d.Spec.of(40, n, 3).doubling())) {
            checkMoments(new Tiles.Plan(tile, 1, 8), new int[] {2, 32, 32, n}, row -> {
                int line = 2 * (row % 256 / 16) + row / 512 % 2;
                return row / 1024 * 1024 + line * 32 + 2 * (row % 16) + row / 256 % 2;
            }, (plan, y) -> conv.record(plan, Inputs.of(x), null, null, y));
        }
    }

    /**
     * Gathers moments and compares them with those of what is stored.
     *
     * @param shape   of y
     * @param pixelOf the pixel of y that is a product's row
     */
    private void checkMoments(Tiles.Plan plan, int[] shape, IntUnaryOperator pixelOf,
                              BiConsumer<Tiles.Plan, Tensor> record) {
        int n = shape[3];
        float[] expected = run(plan, DType.F16, shape, record);
        int slab = plan.tile().rows();
        int slabs = expected.length / n / slab;
        var y = new Tensor[1];
        try (Graph graph = device.record(recorder -> {
            y[0] = device.activations(shape).withMoments(device.activations(DType.F32, slabs, n / 2, 2));
            record.accept(plan, y[0]);
            recorder.keep(y[0]);
            recorder.keep(y[0].moments());
        })) {
            graph.run();
            assertArrayEquals(expected, device.read(y[0]), plan::toString);
            float[] found = device.read(y[0].moments());
            for (int s = 0; s < slabs; s++) {
                for (int pair = 0; pair < n / 2; pair++) {
                    double sum = 0;
                    double squares = 0;
                    for (int i = 0; i < 2 * slab; i++) {
                        sum += expected[pixelOf.applyAsInt(s * slab + i / 2) * n + 2 * pair + i % 2];
                    }
                    double mean = sum / (2 * slab);
                    for (int i = 0; i < 2 * slab; i++) {
                        double distance = expected[pixelOf.applyAsInt(s * slab + i / 2) * n + 2 * pair + i % 2] - mean;
                        squares += distance * distance;
                    }
                    String where = plan + ", slab " + s + ", pair " + pair;
                    assertEquals(mean, found[(s * n / 2 + pair) * 2], 1e-6 * (1 + Math.abs(mean)), where);
                    assertEquals(squares, found[(s * n / 2 + pair) * 2 + 1], 1e-5 * squares, where);
                }
            }
        }
    }

    @Test
    void theNarrowTileGivesTheSameBits() {
        var spec = Conv2d.Spec.of(40, 20, 3).toFloat();
        try (var conv = conv(spec)) {
            Tensor x = normal(2, 9, 11, 40);
            compare(tiles("conv3x3_f32out"), 18, DType.F32, new int[] {2, 9, 11, 20},
                    (plan, y) -> conv.record(plan, Inputs.of(x), null, null, y));
        }
    }

    private static Set<Tiles> tiles(String family) {
        return Tiles.of(KernelCatalog.packaged(), family);
    }

    /** The families that layers choose from; a kernel that is added or removed shows here. */
    @Test
    void everyFamilyHasItsTiles() {
        assertEquals(EnumSet.of(Tiles.T256X160, Tiles.T128X160, Tiles.T128X128, Tiles.T64X64, Tiles.T16X64), tiles("gemm"));
        assertEquals(EnumSet.of(Tiles.T128X256, Tiles.T128X128, Tiles.T64X64), tiles("gemm_geglu"));
        assertEquals(EnumSet.of(Tiles.T128X128, Tiles.T64X64), tiles("gemm_activated"));
        assertEquals(EnumSet.of(Tiles.T128X160, Tiles.T128X128, Tiles.T16X64), tiles("gemm_partial"));
        assertEquals(EnumSet.of(Tiles.T256X160, Tiles.T128X160, Tiles.T128X128, Tiles.T64X64), tiles("conv3x3"));
        assertEquals(EnumSet.of(Tiles.T128X160, Tiles.T128X128), tiles("conv3x3_partial"));
        assertEquals(EnumSet.of(Tiles.T128X16), tiles("conv3x3_f32out"));
    }

    private void compare(Set<Tiles> tiles, int depth, DType type, int[] shape, BiConsumer<Tiles.Plan, Tensor> record) {
        float[] expected = run(new Tiles.Plan(Tiles.ANY, 1, depth), type, shape, record);
        for (Tiles tile : tiles) {
            assertArrayEquals(expected, run(new Tiles.Plan(tile, 1, depth), type, shape, record), tile::name);
        }
    }

    private void compareSplits(Set<Tiles> tiles, int depth, int splits, int[] shape,
                               BiConsumer<Tiles.Plan, Tensor> record) {
        float[] expected = run(new Tiles.Plan(Tiles.ANY, 1, depth), DType.F16, shape, record);
        int each = (depth + splits - 1) / splits;
        for (Tiles tile : tiles) {
            var plan = new Tiles.Plan(tile, (depth + each - 1) / each, each);
            float[] found = run(plan, DType.F16, shape, record);
            for (int i = 0; i < found.length; i++) {
                double unit = Math.max(Math.ulp(expected[i]) * 0x1p13, 1e-3);
                assertEquals(expected[i], found[i], unit, plan + ", element " + i);
            }
            assertArrayEquals(found, run(plan, DType.F16, shape, record), "the same bits again");
        }
    }

    private float[] run(Tiles.Plan plan, DType type, int[] shape, BiConsumer<Tiles.Plan, Tensor> record) {
        var y = new Tensor[1];
        try (Graph graph = device.record(recorder -> {
            y[0] = device.activations(type, shape);
            record.accept(plan, y[0]);
            recorder.keep(y[0]);
        })) {
            graph.run();
            return device.read(y[0]);
        }
    }

    private CudaConv2d conv(Conv2d.Spec spec) {
        return new CudaConv2d(device, spec, weights(spec));
    }

    private MapWeights weights(Conv2d.Spec spec) {
        int inputs = spec.in() + spec.concat();
        int size = spec.kernel();
        return new MapWeights()
                .with("weight", floats(spec.out() * inputs * size * size), spec.out(), inputs, size, size)
                .with("bias", floats(spec.out()), spec.out());
    }

    private Tensor bias(int n) {
        Tensor bias = device.tensor(DType.F32, 1, n);
        device.write(bias, floats(n));
        return bias;
    }

    private Tensor normal(int... shape) {
        Tensor tensor = device.tensor(DType.F16, shape);
        device.write(tensor, floats(Math.toIntExact(tensor.elements())));
        return tensor;
    }

    private float[] floats(int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) (random.nextGaussian() / 4);
        }
        return values;
    }

    /** The cards whose tiles {@code gemm.cu} argues about: A100, H100, RTX 4090, RTX 3090. */
    private enum Known {
        A100(80, 108, 164), H100(90, 132, 228), RTX4090(89, 128, 100), RTX3090(86, 82, 100);

        private final GpuProperties card;

        Known(int computeCapability, int multiprocessors, int sharedKilobytes) {
            card = new GpuProperties(computeCapability, multiprocessors, sharedKilobytes * 1024, (sharedKilobytes - 1) * 1024);
        }
    }

    /**
     * Over all matrix products and convolutions of SD 2.0's UNet at batch 8, tiles that stick out over the edges add
     * less than 3 % to the multiplications; no workspace is larger than 64 MiB.
     */
    @ParameterizedTest
    @EnumSource(Known.class)
    void tilesFitTheUNet(Known known) {
        var unet = new StableDiffusion2(known.card, 8);
        double issued = unet.issued / unet.useful;
        assertTrue(issued >= 1 && issued < 1.03, () -> "issued " + issued + " of what is useful");
        assertTrue(unet.workspace <= 64 << 20, () -> "workspace of " + unet.workspace);
    }

    /** Sums up the products of SD 2.0's UNet: channels 320, 640, 1280, 1280 at 64×64 to 8×8, context 1024. */
    private static final class StableDiffusion2 {

        private static final int[] CHANNELS = {320, 640, 1280, 1280};

        private final GpuProperties card;
        private final int batch;
        private double useful;
        private double issued;
        private long workspace;

        StableDiffusion2(GpuProperties card, int batch) {
            this.card = card;
            this.batch = batch;
            linear(batch, 1280, 320);
            linear(batch, 1280, 1280);
            conv(64, 4, 0, 320);
            for (int level = 0; level < 4; level++) {
                int size = 64 >> level;
                for (int block = 0; block < 2; block++) {
                    int in = block == 0 && level > 0 ? CHANNELS[level - 1] : CHANNELS[level];
                    resnet(size, in, CHANNELS[level]);
                    transformer(size, level);
                }
                if (level < 3) {
                    conv(size / 2, CHANNELS[level], 0, CHANNELS[level]);
                }
            }
            resnet(8, 1280, 1280);
            transformer(8, 2);
            resnet(8, 1280, 1280);
            for (int level = 3; level >= 0; level--) {
                int size = 64 >> level;
                int below = CHANNELS[Math.min(3, level + 1)];
                int above = CHANNELS[Math.max(0, level - 1)];
                int out = CHANNELS[level];
                int[] inputs = {below + out, out + out, out + above};
                for (int in : inputs) {
                    resnet(size, in, out);
                    transformer(size, level);
                }
                if (level > 0) {
                    product(4, batch * 4L * size * size, out, 4 * out, 4 * KernelWeights.padded(out), tiles("conv3x3"),
                            tiles("conv3x3_partial"));
                }
            }
            product(batch * 4096L, 4, 9 * 320, 9 * 320, EnumSet.of(Tiles.T128X16), EnumSet.noneOf(Tiles.class));
        }

        private void resnet(int size, int in, int out) {
            conv(size, in, 0, out);
            conv(size, out, in == out ? 0 : in, out);
            linear(batch, out, 1280);
        }

        private void transformer(int size, int level) {
            if (level == 3) {
                return;
            }
            int m = batch * size * size;
            int c = CHANNELS[level];
            linear(m, c, c);
            linear(m, 3 * c, c);
            linear(m, c, c);
            linear(m, c, c);
            linear(m, c, c);
            product(m, 8 * c, c, c, tiles("gemm_geglu"), Tiles.NONE);
            linear(m, c, 4 * c);
            linear(m, c, c);
        }

        private void linear(long m, int n, int k) {
            product(m, n, k, k, tiles("gemm"), tiles("gemm_partial"));
        }

        /** @param around channels of the shortcut that is summed beside it, 0 for none */
        private void conv(int size, int in, int around, int out) {
            product((long) batch * size * size, out, 9 * in + around,
                    9 * KernelWeights.padded(in) + KernelWeights.padded(around), tiles("conv3x3"),
                    tiles("conv3x3_partial"));
        }

        private void product(long m, int n, int k, int padded, Set<Tiles> whole, Set<Tiles> partial) {
            product(1, m, n, k, padded, whole, partial);
        }

        private void product(int parts, long m, int n, int k, int padded, Set<Tiles> whole, Set<Tiles> partial) {
            Tiles.Plan plan = Tiles.choose(card, parts, m, n, padded / Tiles.DEPTH, whole, partial);
            useful += 2.0 * m * n * k;
            issued += 2 * parts * plan.tile().covered(m / parts, n) * padded;
            if (plan.splits() > 1) {
                workspace = Math.max(workspace, 4 * plan.splits() * m * n);
            }
        }
    }
}
