package org.diffusionclassifier.device.cpu.dnnl;

import static org.bytedeco.dnnl.global.dnnl.*;
import static org.diffusionclassifier.device.cpu.dnnl.OneDnn.check;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.dnnl.dnnl_exec_arg_t;
import org.bytedeco.dnnl.dnnl_memory;
import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_primitive;
import org.bytedeco.dnnl.dnnl_primitive_desc;

/** A oneDNN primitive and where its operands lie; they can be moved between two runs, neither of which allocates. */
public final class Primitive implements AutoCloseable {

    private final OneDnn oneDnn;
    private final String name;
    private final dnnl_primitive primitive = new dnnl_primitive();
    private final long scratchpadBytes;
    private final List<dnnl_memory> memories = new ArrayList<>();
    private final List<Integer> slots = new ArrayList<>();
    private final NativeMemory.Cursor cursor = new NativeMemory.Cursor();
    private dnnl_exec_arg_t arguments;

    /**
     * @param name       for messages
     * @param descriptor what to make; it is released
     */
    public Primitive(OneDnn oneDnn, String name, dnnl_primitive_desc descriptor) {
        this.oneDnn = oneDnn;
        this.name = name;
        try {
            check(dnnl_primitive_create(primitive, descriptor), name);
            dnnl_memory_desc scratchpad = dnnl_primitive_desc_query_md(descriptor, dnnl_query_scratchpad_md, 0);
            scratchpadBytes = scratchpad == null || scratchpad.isNull() ? 0 : dnnl_memory_desc_get_size(scratchpad);
            if (scratchpadBytes > 0) {
                operand(DNNL_ARG_SCRATCHPAD, scratchpad);
            }
        } finally {
            dnnl_primitive_desc_destroy(descriptor);
        }
    }

    /** Bytes of memory that it wants for itself while it runs. */
    public long scratchpadBytes() {
        return scratchpadBytes;
    }

    /** Adds an operand by its slot (DNNL_ARG_…). */
    public Primitive operand(int slot, dnnl_memory_desc desc) {
        var memory = new dnnl_memory();
        check(dnnl_memory_create(memory, desc, oneDnn.engine(), null), "memory_create");
        memories.add(memory);
        slots.add(slot);
        return this;
    }

    /** The slot of the second operand of post-operation {@code index}. */
    public static int postOpSlot(int index) {
        return DNNL_ARG_ATTR_MULTIPLE_POST_OP_BASE * (index + 1) | DNNL_ARG_SRC_1;
    }

    /** Says where the operand of a slot lies. */
    public void place(int slot, long address) {
        int status = dnnl_memory_set_data_handle(memories.get(slots.indexOf(slot)), cursor.at(address));
        if (status != dnnl_success) {
            check(status, "set_data_handle");
        }
    }

    /** Says where its scratchpad lies, if it has one. */
    public void placeScratchpad(long address) {
        if (scratchpadBytes > 0) {
            place(DNNL_ARG_SCRATCHPAD, address);
        }
    }

    public void run() {
        if (arguments == null) {
            arguments = new dnnl_exec_arg_t(memories.size());
            for (int i = 0; i < memories.size(); i++) {
                arguments.position(i).arg(slots.get(i)).memory(memories.get(i));
            }
            arguments.position(0);
        }
        int status = dnnl_primitive_execute(primitive, oneDnn.stream(), slots.size(), arguments);
        if (status != dnnl_success) {
            check(status, name);
        }
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
