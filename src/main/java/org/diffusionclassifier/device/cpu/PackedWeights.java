package org.diffusionclassifier.device.cpu;

import static org.bytedeco.dnnl.global.dnnl.*;
import static org.diffusionclassifier.device.cpu.dnnl.OneDnn.check;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.dnnl.dnnl_exec_arg_t;
import org.bytedeco.dnnl.dnnl_memory;
import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_primitive;
import org.bytedeco.dnnl.dnnl_primitive_desc;
import org.diffusionclassifier.device.Storage;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.device.cpu.dnnl.Descriptors;
import org.diffusionclassifier.device.cpu.dnnl.NativeMemory;
import org.diffusionclassifier.device.cpu.dnnl.OneDnn;
import org.diffusionclassifier.tensor.DType;

/**
 * A matrix or a filter in the layout that oneDNN's kernels want. Which one that is depends on the shape it meets, so
 * the weights are kept plain until the first primitive is made for them, and in its layout from then on; there is one
 * copy at any time but while a single tensor is being repacked. If they are not kept, the layout is settled in the same
 * way, and every graph has memory for them in which they arrive. A shape for which oneDNN has nothing fast in that layout
 * gets a copy {@linkplain #in of its own}.
 */
final class PackedWeights implements AutoCloseable {

    private final LayerWeights layer;
    private final OneDnn oneDnn;
    private final DType type;
    private final long first;
    private final long[] dims;
    private final long[] sourceStrides;
    private dnnl_memory_desc layout;
    private NativeMemory memory;
    private boolean settled;
    private final List<PackedWeights> copies = new ArrayList<>();
    private PackedWeights origin = this;

    /**
     * @param first         element of the layer's, as read, that is the first of these
     * @param sourceStrides how they lie from there on
     * @param plainStrides  how they are kept before a primitive says how
     */
    PackedWeights(LayerWeights layer, long first, long[] dims, long[] sourceStrides, long[] plainStrides) {
        this.layer = layer;
        this.oneDnn = layer.oneDnn();
        this.type = layer.dtype();
        this.first = first;
        this.dims = dims;
        this.sourceStrides = sourceStrides;
        try (var descriptors = new Descriptors()) {
            layout = Descriptors.copyOf(descriptors.strided(type, dims, plainStrides));
        }
    }

    /** Takes a plain copy of them, to be kept. */
    void take(NativeMemory staged) {
        memory = NativeMemory.allocate(dnnl_memory_desc_get_size(layout));
        arrive(staged, memory.address());
    }

    /** Puts them where a graph has memory for them, in their layout. */
    void arrive(NativeMemory staged, long destination) {
        try (var descriptors = new Descriptors()) {
            reorder(descriptors.strided(DType.F32, dims, sourceStrides), staged.address() + first * DType.F32.bytes(),
                    layout, destination);
        }
    }

    /** Whether these and {@code others} are copies of the same. */
    boolean areThose(PackedWeights others) {
        return origin == others.origin;
    }

    boolean isSettled() {
        return settled;
    }

    /** The same weights in another layout: a copy, made once, that lives as long as these. */
    PackedWeights in(dnnl_memory_desc other) {
        for (PackedWeights copy : copies) {
            if (dnnl_memory_desc_equal(copy.layout, other) != 0) {
                return copy;
            }
        }
        var copy = new PackedWeights(layer, first, dims, sourceStrides, sourceStrides);
        copy.origin = this;
        copy.settle(other);
        if (memory != null) {
            copy.memory = NativeMemory.allocate(dnnl_memory_desc_get_size(copy.layout));
            reorder(layout, memory.address(), copy.layout, copy.memory.address());
        }
        copies.add(copy);
        return copy;
    }

    /** What to ask for when making a primitive: any layout the first time, ours from then on. */
    dnnl_memory_desc wanted(Descriptors descriptors) {
        return settled ? layout : any(descriptors);
    }

    /** Any layout. */
    dnnl_memory_desc any(Descriptors descriptors) {
        return descriptors.any(type, dims);
    }

    /** Takes on the layout that a primitive chose. */
    void settle(dnnl_memory_desc chosen) {
        if (settled) {
            return;
        }
        settled = true;
        if (dnnl_memory_desc_equal(chosen, layout) != 0) {
            return;
        }
        dnnl_memory_desc newLayout = Descriptors.copyOf(chosen);
        NativeMemory newMemory = null;
        if (memory != null) {
            newMemory = NativeMemory.allocate(dnnl_memory_desc_get_size(newLayout));
            reorder(layout, memory.address(), newLayout, newMemory.address());
        }
        release();
        layout = newLayout;
        memory = newMemory;
    }

    dnnl_memory_desc layout() {
        return layout;
    }

    /**
     * The bytes, for the operation that is recorded next, once the layout is settled; the shape says nothing, the layout
     * does.
     */
    Tensor operand() {
        long bytes = dnnl_memory_desc_get_size(layout);
        if (memory != null) {
            return Tensor.over(Storage.persistent(memory.address(), bytes), DType.U8, 1, 1);
        }
        Tensor destination = Tensor.over(Storage.planned(bytes), DType.U8, 1, 1);
        layer.recordArrival(this, destination);
        return destination;
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

    @Override
    public void close() {
        copies.forEach(PackedWeights::close);
        release();
    }

    private void release() {
        if (memory != null) {
            memory.close();
        }
        dnnl_memory_desc_destroy(layout);
    }
}
