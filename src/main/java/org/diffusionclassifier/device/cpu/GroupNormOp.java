package org.diffusionclassifier.device.cpu;

import static org.bytedeco.dnnl.global.dnnl.*;
import static org.diffusionclassifier.device.cpu.dnnl.OneDnn.check;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_post_ops;
import org.bytedeco.dnnl.dnnl_primitive_desc;
import org.diffusionclassifier.device.Activation;
import org.diffusionclassifier.device.GroupNorm;
import org.diffusionclassifier.device.Op;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.device.cpu.dnnl.Descriptors;
import org.diffusionclassifier.device.cpu.dnnl.DnnlOp;
import org.diffusionclassifier.device.cpu.dnnl.Primitive;
import org.diffusionclassifier.tensor.DType;

/**
 * y = act((x − μ) / √(σ² + ε) · γ + β), with μ and σ² of each image and group of channels, in float32, out of oneDNN's
 * fast primitives, since its own group normalisation works on the few channels of one group at a time. For some images
 * at once, so that they stay in a cache:
 *
 * <pre>
 *     u = x                                [B, H, W, C]    copy; where x is float32 it is u
 *     Σ u                 1 · U            [B, C]          product of a row of ones
 *     μ                                    [B, C]          here, equal within a group
 *     (u − μ)²                             [B, H, W, C]    subtraction, square in its epilogue
 *     Σ (u − μ)²          1 · (U − μ)²     [B, C]          product of a row of ones
 *     s = γ / √(σ² + ε)                    [B, C]          here
 *     y = act((u − μ) · s + β)             [B, H, W, C]    subtraction; product, β and act in its epilogue; copy
 * </pre>
 */
final class GroupNormOp implements Op {

    /** Of u, for the images that are worked on at once. */
    private static final int CHUNK_BYTES = 2 << 20;

    private static final int BETA = Primitive.postOpSlot(0);

    private final CpuDevice device;
    private final GroupNorm.Spec spec;
    private final float[] gamma;
    private final Tensor beta;
    private final Tensor x;
    private final Tensor y;
    private final Tensor ones;
    private final int pixels;
    private final boolean narrow;
    private final String name;
    private final Tensor wide;
    private final Tensor squares;
    private final Tensor sums;
    private final Tensor means;
    private final Tensor scratch;
    private final List<Chunk> chunks = new ArrayList<>();
    private FloatBuffer sumOfChannel;
    private FloatBuffer meanOfChannel;

    /**
     * @param beta [1, C] float32
     * @param x    [B, H, W, C] or [B, L, C], dense
     * @param y    likewise; may be x
     */
    GroupNormOp(CpuDevice device, GroupNorm.Spec spec, float[] gamma, Tensor beta, Tensor x, Tensor y) {
        this.device = device;
        this.spec = spec;
        this.gamma = gamma;
        this.beta = beta;
        this.x = x;
        this.y = y;
        pixels = x.rows() / x.dim(0);
        ones = device.ones(DType.F32, pixels);
        narrow = x.type() != DType.F32;
        name = "group norm " + x;
        long imageBytes = (long) pixels * spec.channels() * DType.F32.bytes();
        int images = (int) Math.max(1, Math.min(x.dim(0), CHUNK_BYTES / imageBytes));
        chunks.add(new Chunk(images));
        if (x.dim(0) % images != 0) {
            chunks.add(new Chunk(x.dim(0) % images));
        }
        wide = narrow ? device.activations(DType.F32, images, pixels, spec.channels()) : null;
        squares = device.activations(DType.F32, images, pixels, spec.channels());
        sums = device.activations(DType.F32, images, spec.channels());
        means = device.activations(DType.F32, images, spec.channels());
        scratch = DnnlOp.scratch(Math.max(1, chunks.stream().flatMap(Chunk::primitives)
                .mapToLong(Primitive::scratchpadBytes).max().orElse(0)));
    }

    @Override
    public void bind() {
        sumOfChannel = HostOp.floats(sums);
        meanOfChannel = HostOp.floats(means);
        chunks.forEach(Chunk::place);
    }

    @Override
    public void run() {
        int most = chunks.get(0).images;
        for (int image = 0; image < x.dim(0); image += most) {
            Chunk chunk = x.dim(0) - image >= most ? chunks.get(0) : chunks.get(1);
            chunk.run((long) image * pixels * spec.channels() * x.type().bytes());
        }
    }

    private void findMeans(int images) {
        int size = spec.channels() / spec.groups();
        for (int first = 0; first < images * spec.channels(); first += size) {
            float mean = (float) (sumOfGroup(first, size) / ((double) size * pixels));
            for (int c = first; c < first + size; c++) {
                meanOfChannel.put(c, mean);
            }
        }
    }

    /** Turns the sums of squares into s. */
    private void findScales(int images) {
        int size = spec.channels() / spec.groups();
        for (int first = 0; first < images * spec.channels(); first += size) {
            double variance = sumOfGroup(first, size) / ((double) size * pixels);
            double inverse = 1 / Math.sqrt(variance + spec.epsilon());
            for (int c = first; c < first + size; c++) {
                sumOfChannel.put(c, (float) (inverse * gamma[c % spec.channels()]));
            }
        }
    }

    private double sumOfGroup(int first, int size) {
        double sum = 0;
        for (int c = first; c < first + size; c++) {
            sum += sumOfChannel.get(c);
        }
        return sum;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public List<Tensor> reads() {
        return List.of(x, beta, ones);
    }

    @Override
    public List<Tensor> writes() {
        return narrow ? List.of(y, wide, squares, sums, means, scratch)
                : List.of(y, squares, sums, means, scratch);
    }

    @Override
    public void close() {
        chunks.stream().flatMap(Chunk::primitives).forEach(Primitive::close);
    }

    /** The primitives for a number of images. */
    private final class Chunk {

        private final int images;
        private final Primitive widen;
        private final Primitive sum;
        private final Primitive square;
        private final Primitive subtract;
        private final Primitive scale;
        private final Primitive narrow;

        Chunk(int images) {
            this.images = images;
            try (var descriptors = new Descriptors()) {
                sum = sum(descriptors);
                dnnl_post_ops squared = descriptors.postOps();
                check(dnnl_post_ops_append_eltwise(squared, dnnl_eltwise_square, 0, 0), "append_eltwise");
                square = binary(descriptors, dnnl_binary_sub, squared);
                subtract = binary(descriptors, dnnl_binary_sub, descriptors.postOps());
                dnnl_post_ops activated = descriptors.postOps();
                dnnl_memory_desc bias = descriptors.dense(DType.F32, 1, spec.channels(), 1, 1);
                check(dnnl_post_ops_append_binary(activated, dnnl_binary_add, bias), "append_binary");
                Descriptors.append(activated, spec.silu() ? Activation.SILU : Activation.NONE);
                scale = binary(descriptors, dnnl_binary_mul, activated).operand(BETA, bias);
                widen = GroupNormOp.this.narrow ? copy(descriptors, x.type(), DType.F32) : null;
                narrow = GroupNormOp.this.narrow ? copy(descriptors, DType.F32, x.type()) : null;
            }
        }

        /** [1, pixels] of ones by each image's [pixels, C]. */
        private Primitive sum(Descriptors descriptors) {
            long channels = spec.channels();
            dnnl_memory_desc row = descriptors.dense(DType.F32, 1, 1, pixels);
            dnnl_memory_desc u = descriptors.dense(DType.F32, images, pixels, channels);
            dnnl_memory_desc result = descriptors.dense(DType.F32, images, 1, channels);
            var descriptor = new dnnl_primitive_desc();
            check(dnnl_matmul_primitive_desc_create(descriptor, device.oneDnn().engine(), row, u, null, result,
                    descriptors.attributes(descriptors.postOps())), name);
            return new Primitive(device.oneDnn(), name, descriptor).operand(DNNL_ARG_SRC, row)
                    .operand(DNNL_ARG_WEIGHTS, u).operand(DNNL_ARG_DST, result);
        }

        /** Every pixel of an image and that image's row of [B, C]. */
        private Primitive binary(Descriptors descriptors, int algorithm, dnnl_post_ops postOps) {
            long c = spec.channels();
            dnnl_memory_desc u = descriptors.strided(DType.F32, new long[] {images, c, 1, pixels},
                    new long[] {pixels * c, 1, pixels * c, c});
            dnnl_memory_desc perChannel = descriptors.strided(DType.F32, new long[] {images, c, 1, 1},
                    new long[] {c, 1, c, c});
            var descriptor = new dnnl_primitive_desc();
            check(dnnl_binary_primitive_desc_create(descriptor, device.oneDnn().engine(), algorithm, u, perChannel, u,
                    descriptors.attributes(postOps)), name);
            return new Primitive(device.oneDnn(), name, descriptor).operand(DNNL_ARG_SRC_0, u)
                    .operand(DNNL_ARG_SRC_1, perChannel).operand(DNNL_ARG_DST, u);
        }

        private Primitive copy(Descriptors descriptors, DType from, DType to) {
            dnnl_memory_desc source = descriptors.dense(from, images, pixels, spec.channels());
            dnnl_memory_desc result = descriptors.dense(to, images, pixels, spec.channels());
            var descriptor = new dnnl_primitive_desc();
            check(dnnl_reorder_primitive_desc_create(descriptor, source, device.oneDnn().engine(), result,
                    device.oneDnn().engine(), descriptors.attributes(descriptors.postOps())), name);
            return new Primitive(device.oneDnn(), name, descriptor).operand(DNNL_ARG_FROM, source)
                    .operand(DNNL_ARG_TO, result);
        }

        Stream<Primitive> primitives() {
            Stream<Primitive> always = Stream.of(sum, square, subtract, scale);
            return widen == null ? always : Stream.concat(always, Stream.of(widen, narrow));
        }

        void place() {
            primitives().forEach(primitive -> primitive.placeScratchpad(scratch.address()));
            sum.place(DNNL_ARG_SRC, ones.address());
            sum.place(DNNL_ARG_DST, sums.address());
            square.place(DNNL_ARG_SRC_1, means.address());
            square.place(DNNL_ARG_DST, squares.address());
            subtract.place(DNNL_ARG_SRC_1, means.address());
            scale.place(DNNL_ARG_SRC_1, sums.address());
            scale.place(BETA, beta.address());
            if (widen != null) {
                widen.place(DNNL_ARG_TO, wide.address());
                narrow.place(DNNL_ARG_FROM, wide.address());
            }
        }

        /** @param offset of the first image in x and in y, bytes */
        void run(long offset) {
            long u = x.address() + offset;
            long result = y.address() + offset;
            if (widen != null) {
                widen.place(DNNL_ARG_FROM, u);
                widen.run();
                u = wide.address();
                result = u;
            }
            sum.place(DNNL_ARG_WEIGHTS, u);
            sum.run();
            findMeans(images);
            square.place(DNNL_ARG_SRC_0, u);
            square.run();
            sum.place(DNNL_ARG_WEIGHTS, squares.address());
            sum.run();
            findScales(images);
            subtract.place(DNNL_ARG_SRC_0, u);
            subtract.place(DNNL_ARG_DST, result);
            subtract.run();
            scale.place(DNNL_ARG_SRC_0, result);
            scale.place(DNNL_ARG_DST, result);
            scale.run();
            if (narrow != null) {
                narrow.place(DNNL_ARG_TO, y.address() + offset);
                narrow.run();
            }
        }
    }
}
