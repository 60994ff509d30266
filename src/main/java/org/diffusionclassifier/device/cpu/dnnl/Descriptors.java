package org.diffusionclassifier.device.cpu.dnnl;

import static org.bytedeco.dnnl.global.dnnl.*;
import static org.diffusionclassifier.device.cpu.dnnl.OneDnn.check;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_post_ops;
import org.bytedeco.dnnl.dnnl_primitive_attr;
import org.diffusionclassifier.device.Activation;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.tensor.DType;

/**
 * What oneDNN wants to know before it makes a primitive: descriptors of our tensors in its own order of dimensions, and
 * attributes. Everything made here is released by {@link #close}; a primitive keeps copies of its own.
 */
public final class Descriptors implements AutoCloseable {

    private final List<Runnable> releases = new ArrayList<>();

    /** A tensor of any layout with constant strides. */
    public dnnl_memory_desc strided(DType type, long[] dims, long[] strides) {
        var desc = new dnnl_memory_desc();
        check(dnnl_memory_desc_create_with_strides(desc, dims.length, dims, typeCode(type), strides), "memory_desc");
        releases.add(() -> dnnl_memory_desc_destroy(desc));
        return desc;
    }

    /** Dense, row-major. */
    public dnnl_memory_desc dense(DType type, long... dims) {
        long[] strides = new long[dims.length];
        long stride = 1;
        for (int i = dims.length - 1; i >= 0; i--) {
            strides[i] = stride;
            stride *= dims[i];
        }
        return strided(type, dims, strides);
    }

    /** A layout of oneDNN's choice. */
    public dnnl_memory_desc any(DType type, long... dims) {
        var desc = new dnnl_memory_desc();
        check(dnnl_memory_desc_create_with_tag(desc, dims.length, dims, typeCode(type), dnnl_format_tag_any),
                "memory_desc");
        releases.add(() -> dnnl_memory_desc_destroy(desc));
        return desc;
    }

    /** The rows of a tensor as a matrix [rows, width]. */
    public dnnl_memory_desc matrix(Tensor x) {
        return strided(x.type(), new long[] {x.rows(), x.width()}, new long[] {x.rowStride(), 1});
    }

    /** A tensor [B, H, W, C] or [B, L, C] in oneDNN's order of dimensions, [B, C, H, W], its memory channels-last. */
    public dnnl_memory_desc image(Tensor x) {
        long h = x.rank() == 4 ? x.dim(1) : x.rows() / x.dim(0);
        long w = x.rank() == 4 ? x.dim(2) : 1;
        long row = x.rowStride();
        return strided(x.type(), new long[] {x.dim(0), x.width(), h, w}, new long[] {h * w * row, 1, w * row, row});
    }

    public dnnl_post_ops postOps() {
        var postOps = new dnnl_post_ops();
        check(dnnl_post_ops_create(postOps), "post_ops_create");
        releases.add(() -> dnnl_post_ops_destroy(postOps));
        return postOps;
    }

    /** Attributes with these post-operations, and with scratch memory left to the caller. */
    public dnnl_primitive_attr attributes(dnnl_post_ops postOps) {
        var attributes = new dnnl_primitive_attr();
        check(dnnl_primitive_attr_create(attributes), "primitive_attr_create");
        releases.add(() -> dnnl_primitive_attr_destroy(attributes));
        check(dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user), "set_scratchpad_mode");
        check(dnnl_primitive_attr_set_post_ops(attributes, postOps), "set_post_ops");
        return attributes;
    }

    /** A copy that lives until it is destroyed by its owner. */
    public static dnnl_memory_desc copyOf(dnnl_memory_desc desc) {
        var copy = new dnnl_memory_desc();
        check(dnnl_memory_desc_clone(copy, desc), "memory_desc_clone");
        return copy;
    }

    /** Appends an element-wise function; nothing for NONE. */
    public static void append(dnnl_post_ops postOps, Activation activation) {
        if (activation != Activation.NONE) {
            check(dnnl_post_ops_append_eltwise(postOps, algorithm(activation), alpha(activation), 0), "append_eltwise");
        }
    }

    public static int algorithm(Activation activation) {
        return switch (activation) {
            case SILU, QUICK_GELU -> dnnl_eltwise_swish;
            case GELU -> dnnl_eltwise_gelu_erf;
            case GELU_TANH -> dnnl_eltwise_gelu_tanh;
            case NONE, GEGLU -> throw new IllegalArgumentException(activation + " is no element-wise function");
        };
    }

    /** The factor inside swish's logistic function. */
    public static float alpha(Activation activation) {
        return activation == Activation.QUICK_GELU ? 1.702f : 1;
    }

    private static int typeCode(DType type) {
        return switch (type) {
            case F32 -> dnnl_f32;
            case BF16 -> dnnl_bf16;
            default -> throw new IllegalArgumentException("the CPU device does not compute in " + type);
        };
    }

    @Override
    public void close() {
        releases.forEach(Runnable::run);
        releases.clear();
    }
}
