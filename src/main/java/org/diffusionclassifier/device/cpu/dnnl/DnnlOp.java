package org.diffusionclassifier.device.cpu.dnnl;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_primitive_desc;
import org.diffusionclassifier.device.Op;
import org.diffusionclassifier.device.Storage;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.tensor.DType;

/** A oneDNN primitive and the tensors it works on. Running it allocates nothing. */
public final class DnnlOp implements Op {

    private final String name;
    private final long flops;
    private final Primitive primitive;
    private final List<Tensor> reads = new ArrayList<>();
    private final List<Tensor> writes = new ArrayList<>();
    private final List<Tensor> operands = new ArrayList<>();
    private final List<Integer> slots = new ArrayList<>();
    private Tensor scratchpad;

    private DnnlOp(String name, long flops, Primitive primitive) {
        this.name = name;
        this.flops = flops;
        this.primitive = primitive;
    }

    /** Makes the primitive of a descriptor, which is released; operands follow, each by its slot (DNNL_ARG_…). */
    public static DnnlOp of(OneDnn oneDnn, String name, long flops, dnnl_primitive_desc descriptor) {
        var op = new DnnlOp(name, flops, new Primitive(oneDnn, name, descriptor));
        if (op.primitive.scratchpadBytes() > 0) {
            op.scratchpad = scratch(op.primitive.scratchpadBytes());
            op.writes.add(op.scratchpad);
        }
        return op;
    }

    /** Bytes of the arena for use within one operation. */
    public static Tensor scratch(long bytes) {
        return Tensor.over(Storage.planned(bytes), DType.U8, 1, Math.toIntExact(bytes));
    }

    public DnnlOp reads(int slot, dnnl_memory_desc desc, Tensor tensor) {
        reads.add(tensor);
        return operand(slot, desc, tensor);
    }

    public DnnlOp writes(int slot, dnnl_memory_desc desc, Tensor tensor) {
        writes.add(tensor);
        return operand(slot, desc, tensor);
    }

    private DnnlOp operand(int slot, dnnl_memory_desc desc, Tensor tensor) {
        primitive.operand(slot, desc);
        operands.add(tensor);
        slots.add(slot);
        return this;
    }

    @Override
    public void bind() {
        for (int i = 0; i < operands.size(); i++) {
            primitive.place(slots.get(i), operands.get(i).address());
        }
        if (scratchpad != null) {
            primitive.placeScratchpad(scratchpad.address());
        }
    }

    @Override
    public void run() {
        primitive.run();
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public List<Tensor> reads() {
        return reads;
    }

    @Override
    public List<Tensor> writes() {
        return writes;
    }

    @Override
    public long flops() {
        return flops;
    }

    @Override
    public void close() {
        primitive.close();
    }
}
