package org.diffusionclassifier.device.cpu;

import static org.bytedeco.dnnl.global.dnnl.*;
import static org.diffusionclassifier.device.cpu.OneDnn.check;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.dnnl.dnnl_exec_arg_t;
import org.bytedeco.dnnl.dnnl_memory;
import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_primitive;
import org.bytedeco.dnnl.dnnl_primitive_desc;
import org.diffusionclassifier.device.Op;
import org.diffusionclassifier.device.Storage;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.weights.DType;

/** A oneDNN primitive and the tensors it works on. Running it allocates nothing. */
final class DnnlOp implements Op {

    private final OneDnn oneDnn;
    private final String name;
    private final long flops;
    private final dnnl_primitive primitive = new dnnl_primitive();
    private final List<Tensor> reads = new ArrayList<>();
    private final List<Tensor> writes = new ArrayList<>();
    private final List<Tensor> operands = new ArrayList<>();
    private final List<dnnl_memory> memories = new ArrayList<>();
    private final List<Integer> slots = new ArrayList<>();
    private dnnl_exec_arg_t arguments;

    private DnnlOp(OneDnn oneDnn, String name, long flops) {
        this.oneDnn = oneDnn;
        this.name = name;
        this.flops = flops;
    }

    /** Makes the primitive of a descriptor, which is released; operands follow, each by its slot (DNNL_ARG_…). */
    static DnnlOp of(OneDnn oneDnn, String name, long flops, dnnl_primitive_desc descriptor) {
        var op = new DnnlOp(oneDnn, name, flops);
        try {
            check(dnnl_primitive_create(op.primitive, descriptor), name);
            dnnl_memory_desc scratchpad = dnnl_primitive_desc_query_md(descriptor, dnnl_query_scratchpad_md, 0);
            long bytes = scratchpad == null || scratchpad.isNull() ? 0 : dnnl_memory_desc_get_size(scratchpad);
            if (bytes > 0) {
                op.writes(DNNL_ARG_SCRATCHPAD, scratchpad,
                        Tensor.over(Storage.planned(bytes), DType.U8, 1, Math.toIntExact(bytes)));
            }
        } finally {
            dnnl_primitive_desc_destroy(descriptor);
        }
        return op;
    }

    DnnlOp reads(int slot, dnnl_memory_desc desc, Tensor tensor) {
        reads.add(tensor);
        return operand(slot, desc, tensor);
    }

    DnnlOp writes(int slot, dnnl_memory_desc desc, Tensor tensor) {
        writes.add(tensor);
        return operand(slot, desc, tensor);
    }

    private DnnlOp operand(int slot, dnnl_memory_desc desc, Tensor tensor) {
        var memory = new dnnl_memory();
        check(dnnl_memory_create(memory, desc, oneDnn.engine(), null), "memory_create");
        operands.add(tensor);
        memories.add(memory);
        slots.add(slot);
        return this;
    }

    /** The slot of the second operand of post-operation {@code index}. */
    static int postOpSlot(int index) {
        return DNNL_ARG_ATTR_MULTIPLE_POST_OP_BASE * (index + 1) | DNNL_ARG_SRC_1;
    }

    @Override
    public void bind() {
        for (int i = 0; i < memories.size(); i++) {
            check(dnnl_memory_set_data_handle(memories.get(i), NativeMemory.at(operands.get(i).address())),
                    "set_data_handle");
        }
        if (arguments == null) {
            arguments = new dnnl_exec_arg_t(memories.size());
            for (int i = 0; i < memories.size(); i++) {
                arguments.position(i).arg(slots.get(i)).memory(memories.get(i));
            }
            arguments.position(0);
        }
    }

    @Override
    public void run() {
        int status = dnnl_primitive_execute(primitive, oneDnn.stream(), slots.size(), arguments);
        if (status != dnnl_success) {
            check(status, name);
        }
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
        memories.forEach(memory -> dnnl_memory_destroy(memory));
        dnnl_primitive_destroy(primitive);
        if (arguments != null) {
            arguments.close();
        }
    }
}
