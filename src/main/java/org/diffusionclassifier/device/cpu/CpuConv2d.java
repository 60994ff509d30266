package org.diffusionclassifier.device.cpu;

import static org.bytedeco.dnnl.global.dnnl.*;
import static org.diffusionclassifier.device.cpu.dnnl.OneDnn.check;

import java.util.Arrays;
import java.util.function.Function;
import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_post_ops;
import org.bytedeco.dnnl.dnnl_primitive_attr;
import org.bytedeco.dnnl.dnnl_primitive_desc;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerPointer;
import org.diffusionclassifier.device.Conv2d;
import org.diffusionclassifier.device.DoubledFilters;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.device.cpu.dnnl.Descriptors;
import org.diffusionclassifier.device.cpu.dnnl.DnnlOp;
import org.diffusionclassifier.device.cpu.dnnl.Primitive;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.Weights;

/**
 * A 3×3 convolution as one oneDNN primitive, bias and addend in its epilogue: a transposed one if the input is doubled
 * first (see {@link DoubledFilters}), unless oneDNN has nothing fast for that and another primitive has to double it.
 */
final class CpuConv2d implements Conv2d {

    private final CpuDevice device;
    private final Spec spec;
    private final boolean transposed;
    private final LayerWeights layer;
    private final PackedWeights weights;
    private final Tensor bias;

    CpuConv2d(CpuDevice device, Spec spec, Weights source) {
        this.device = device;
        this.spec = spec;
        transposed = spec.upsample() && transposes();
        layer = transposed ? LayerWeights.doubledFilters(device, source, spec.out(), spec.in())
                : LayerWeights.filters(device, source, spec.out(), spec.in(), spec.kernel());
        weights = layer.filter(spec.in(), spec.out(), size());
        layer.load();
        this.bias = device.parameters("bias", spec.out(), source);
    }

    @Override
    public Tensor forward(Tensor x, Tensor skip, Tensor sum) {
        int[] shape = spec.outputShape(x, skip, sum);
        Tensor addend = sum == null ? null : CpuRows.dense(device, sum);
        Tensor y = device.activations(spec.floatOutput() ? DType.F32 : device.dtype(), shape);
        Tensor input = spec.upsample() && !transposed ? upsampled(x) : x;
        try (var descriptors = new Descriptors()) {
            dnnl_post_ops postOps = descriptors.postOps();
            dnnl_memory_desc addendDesc = null;
            if (addend != null) {
                boolean perImage = spec.isPerImage(addend);
                addendDesc = descriptors.image(perImage ? addend.reshape(shape[0], 1, 1, spec.out()) : addend);
                check(dnnl_post_ops_append_binary(postOps, dnnl_binary_add, addendDesc), "append_binary");
            }
            dnnl_memory_desc xDesc = descriptors.image(input);
            dnnl_memory_desc yDesc = descriptors.image(y);
            dnnl_memory_desc biasDesc = descriptors.dense(DType.F32, spec.out());
            String name = (transposed ? "deconv2d " : "conv2d ") + size() + "x" + size() + " "
                    + Arrays.toString(input.shape()) + "->" + spec.out();
            dnnl_primitive_attr attributes = descriptors.attributes(postOps);
            Function<dnnl_memory_desc, dnnl_primitive_desc> maker = layout -> {
                var made = new dnnl_primitive_desc();
                check(transposed ? transposed(made, xDesc, layout, biasDesc, yDesc, attributes)
                        : plain(made, xDesc, layout, biasDesc, yDesc, attributes), name);
                return made;
            };
            PackedWeights packed = weights;
            dnnl_primitive_desc descriptor = maker.apply(weights.wanted(descriptors));
            if (weights.isSettled() && isReference(descriptor, name)) {
                dnnl_primitive_desc free = maker.apply(weights.any(descriptors));
                if (isReference(free, name)) {
                    dnnl_primitive_desc_destroy(free);
                } else {
                    dnnl_primitive_desc_destroy(descriptor);
                    descriptor = free;
                    packed = weights.in(dnnl_primitive_desc_query_md(free, dnnl_query_weights_md, 0));
                }
            }
            if (spec.stride() > 1 && shape[1] > 1 && shape[2] == 1) {
                avoidAmx(descriptor, name);
            }
            packed.settle(dnnl_primitive_desc_query_md(descriptor, dnnl_query_weights_md, 0));
            int stride = transposed ? DoubledFilters.STRIDE : 1;
            long flops = 2L * y.elements() * spec.in() * size() * size() / (stride * stride);
            DnnlOp op = DnnlOp.of(device.oneDnn(), name, flops, descriptor)
                    .reads(DNNL_ARG_SRC, xDesc, input)
                    .reads(DNNL_ARG_WEIGHTS, packed.layout(), packed.operand())
                    .reads(DNNL_ARG_BIAS, biasDesc, bias)
                    .writes(DNNL_ARG_DST, yDesc, y);
            if (addend != null) {
                op.reads(Primitive.postOpSlot(0), addendDesc, addend);
            }
            device.add(op);
        }
        return y;
    }

    /** Of the filters, as oneDNN gets them. */
    private int size() {
        return transposed ? DoubledFilters.SIZE : spec.kernel();
    }

    private int plain(dnnl_primitive_desc made, dnnl_memory_desc x, dnnl_memory_desc filters, dnnl_memory_desc biases,
                      dnnl_memory_desc y, dnnl_primitive_attr attributes) {
        long before = spec.padding() == Padding.SYMMETRIC ? 1 : 0;
        return dnnl_convolution_forward_primitive_desc_create(made, device.oneDnn().engine(), dnnl_forward_inference,
                dnnl_convolution_direct, x, filters, biases, y, new long[] {spec.stride(), spec.stride()},
                new long[] {0, 0}, new long[] {before, before}, new long[] {1, 1}, attributes);
    }

    private int transposed(dnnl_primitive_desc made, dnnl_memory_desc x, dnnl_memory_desc filters,
                           dnnl_memory_desc biases, dnnl_memory_desc y, dnnl_primitive_attr attributes) {
        return dnnl_deconvolution_forward_primitive_desc_create(made, device.oneDnn().engine(), dnnl_forward_inference,
                dnnl_deconvolution_direct, x, filters, biases, y,
                new long[] {DoubledFilters.STRIDE, DoubledFilters.STRIDE}, new long[] {0, 0}, new long[] {1, 1},
                new long[] {1, 1}, attributes);
    }

    /** Whether oneDNN has a transposed convolution that is fast, by a map of 8 × 8. */
    private boolean transposes() {
        try (var descriptors = new Descriptors()) {
            DType type = device.dtype();
            var made = new dnnl_primitive_desc();
            int status = transposed(made, descriptors.any(type, 1, spec.in(), 8, 8),
                    descriptors.any(type, spec.out(), spec.in(), DoubledFilters.SIZE, DoubledFilters.SIZE),
                    descriptors.dense(DType.F32, spec.out()), descriptors.any(type, 1, spec.out(), 16, 16),
                    descriptors.attributes(descriptors.postOps()));
            if (status != dnnl_success) {
                return false;
            }
            boolean fast = !isReference(made, "deconv2d");
            dnnl_primitive_desc_destroy(made);
            return fast;
        }
    }

    /**
     * Goes on to an implementation without AMX. Those with it compute something else, in oneDNN 3.13, where the stride
     * makes a tall map one pixel wide.
     */
    private static void avoidAmx(dnnl_primitive_desc descriptor, String name) {
        while (implementation(descriptor, name).contains("amx")) {
            check(dnnl_primitive_desc_next_impl(descriptor), name);
        }
    }

    /** A hundred times as slow as the others: what is left where these do not take the layout of the weights. */
    private static boolean isReference(dnnl_primitive_desc descriptor, String name) {
        String implementation = implementation(descriptor, name);
        return implementation.startsWith("ref") || implementation.contains("+ref");
    }

    private static String implementation(dnnl_primitive_desc descriptor, String name) {
        try (var implementation = new PointerPointer<BytePointer>(1)) {
            check(dnnl_primitive_desc_query(descriptor, dnnl_query_impl_info_str, 0, implementation), name);
            return implementation.get(BytePointer.class, 0).getString();
        }
    }

    private Tensor upsampled(Tensor x) {
        Tensor y = device.activations(x.dim(0), 2 * x.dim(1), 2 * x.dim(2), x.width());
        try (var descriptors = new Descriptors()) {
            dnnl_memory_desc xDesc = descriptors.image(x);
            dnnl_memory_desc yDesc = descriptors.image(y);
            var descriptor = new dnnl_primitive_desc();
            String name = "upsample " + Arrays.toString(x.shape());
            check(dnnl_resampling_forward_primitive_desc_create(descriptor, device.oneDnn().engine(),
                    dnnl_forward_inference, dnnl_resampling_nearest, new float[] {2, 2}, xDesc, yDesc,
                    descriptors.attributes(descriptors.postOps())), name);
            device.add(DnnlOp.of(device.oneDnn(), name, 0, descriptor)
                    .reads(DNNL_ARG_SRC, xDesc, x)
                    .writes(DNNL_ARG_DST, yDesc, y));
        }
        return y;
    }

    @Override
    public void close() {
        layer.close();
        device.release(bias);
    }
}
