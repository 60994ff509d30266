package org.diffusionclassifier.device.cpu;

import static org.bytedeco.dnnl.global.dnnl.*;
import static org.diffusionclassifier.device.cpu.OneDnn.check;

import org.bytedeco.dnnl.dnnl_exec_arg_t;
import org.bytedeco.dnnl.dnnl_memory;
import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_primitive;
import org.bytedeco.dnnl.dnnl_primitive_desc;
import org.diffusionclassifier.device.Storage;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.weights.DType;

/**
 * A matrix or a filter in the layout that oneDNN's kernels want. Which one that is depends on the shape it meets, so
 * the weights are kept plain until the first primitive is made for them, and in its layout from then on; there is one
 * copy at any time but while a single tensor is being repacked.
 */
final class PackedWeights implements AutoCloseable {

    private final OneDnn oneDnn;
    private final DType type;
    private final long[] dims;
    private dnnl_memory_desc layout;
    private NativeMemory memory;
    private boolean packed;

    /** Takes a plain copy in {@code type} of float32 values laid out as {@code sourceStrides} say. */
    private PackedWeights(OneDnn oneDnn, DType type, long source, long[] dims, long[] sourceStrides,
                          long[] plainStrides) {
        this.oneDnn = oneDnn;
        this.type = type;
        this.dims = dims;
        try (var descriptors = new Descriptors()) {
            layout = copyOf(descriptors.strided(type, dims, plainStrides));
            memory = NativeMemory.allocate(dnnl_memory_desc_get_size(layout));
            reorder(descriptors.strided(DType.F32, dims, sourceStrides), source, layout, memory.address());
        }
    }

    /**
     * Weights of a matrix product x · W with W [in, out].
     *
     * @param source    address of float32 values as PyTorch keeps them, [out, in]
     * @param sourceRow elements between two rows of the source
     */
    static PackedWeights matrix(OneDnn oneDnn, DType type, long source, int in, int out, int sourceRow) {
        return new PackedWeights(oneDnn, type, source, new long[] {in, out}, new long[] {1, sourceRow},
                new long[] {1, in});
    }

    /** @param source address of float32 values, [out, size, size, in] */
    static PackedWeights filter(OneDnn oneDnn, DType type, long source, int in, int out, int size) {
        long[] strides = {(long) in * size * size, 1, (long) size * in, in};
        return new PackedWeights(oneDnn, type, source, new long[] {out, in, size, size}, strides, strides);
    }

    /** What to ask for when making a primitive: any layout the first time, ours from then on. */
    dnnl_memory_desc wanted(Descriptors descriptors) {
        return packed ? layout : descriptors.any(type, dims);
    }

    /** Takes on the layout that a primitive chose. */
    void settle(dnnl_memory_desc chosen) {
        if (packed) {
            return;
        }
        packed = true;
        if (dnnl_memory_desc_equal(chosen, layout) != 0) {
            return;
        }
        dnnl_memory_desc newLayout = copyOf(chosen);
        var newMemory = NativeMemory.allocate(dnnl_memory_desc_get_size(newLayout));
        reorder(layout, memory.address(), newLayout, newMemory.address());
        close();
        layout = newLayout;
        memory = newMemory;
    }

    dnnl_memory_desc layout() {
        return layout;
    }

    /** The bytes, as a persistent tensor; the shape says nothing, the layout does. */
    Tensor tensor() {
        return Tensor.over(Storage.persistent(memory.address(), memory.bytes()), DType.U8, 1, 1);
    }

    private void reorder(dnnl_memory_desc from, long source, dnnl_memory_desc to, long destination) {
        var descriptor = new dnnl_primitive_desc();
        check(dnnl_reorder_primitive_desc_create(descriptor, from, oneDnn.engine(), to, oneDnn.engine(), null),
                "reorder");
        var primitive = new dnnl_primitive();
        var in = new dnnl_memory();
        var out = new dnnl_memory();
        try (var arguments = new dnnl_exec_arg_t(2)) {
            check(dnnl_primitive_create(primitive, descriptor), "reorder");
            check(dnnl_memory_create(in, from, oneDnn.engine(), NativeMemory.at(source)), "memory_create");
            check(dnnl_memory_create(out, to, oneDnn.engine(), NativeMemory.at(destination)), "memory_create");
            arguments.position(0).arg(DNNL_ARG_SRC).memory(in);
            arguments.position(1).arg(DNNL_ARG_DST).memory(out);
            arguments.position(0);
            check(dnnl_primitive_execute(primitive, oneDnn.stream(), 2, arguments), "reorder");
        } finally {
            dnnl_memory_destroy(in);
            dnnl_memory_destroy(out);
            dnnl_primitive_destroy(primitive);
            dnnl_primitive_desc_destroy(descriptor);
        }
    }

    private static dnnl_memory_desc copyOf(dnnl_memory_desc desc) {
        var copy = new dnnl_memory_desc();
        check(dnnl_memory_desc_clone(copy, desc), "memory_desc_clone");
        return copy;
    }

    @Override
    public void close() {
        memory.close();
        dnnl_memory_desc_destroy(layout);
    }
}
