package org.diffusionclassifier.device.cpu.dnnl;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;
import org.diffusionclassifier.device.DeviceException;
import org.diffusionclassifier.tensor.InputException;

/** A block of host memory outside the Java heap, aligned for vector loads. Leans on JavaCPP's malloc. */
public final class NativeMemory implements AutoCloseable {

    private static final long ALIGNMENT = 64;

    private final Pointer block;
    private final long address;
    private final long bytes;

    private NativeMemory(Pointer block, long bytes) {
        this.block = block;
        this.address = (block.address() + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        this.bytes = bytes;
    }

    /**
     * Memory with whatever it holds.
     *
     * @throws DeviceException if there is none
     */
    public static NativeMemory allocate(long bytes) {
        Pointer block = Pointer.malloc(bytes + ALIGNMENT);
        if (block == null || block.isNull()) {
            throw DeviceException.of(null, "cpu: malloc of %d bytes failed: try a smaller %s or %s bf16", bytes,
                    InputException.field("batchSize"), InputException.field("dtype"));
        }
        return new NativeMemory(block, bytes);
    }

    public static NativeMemory zeroed(long bytes) {
        NativeMemory memory = allocate(bytes);
        Pointer.memset(at(memory.address), 0, bytes);
        return memory;
    }

    /** A pointer of JavaCPP's to an address of ours. */
    public static Pointer at(long address) {
        return new Address(address);
    }

    /** The bytes at an address as a buffer of native order, at most 2 GiB of them. */
    public static ByteBuffer buffer(long address, long bytes) {
        return new BytePointer(at(address)).capacity(Math.toIntExact(bytes)).asByteBuffer().order(ByteOrder.nativeOrder());
    }

    public long address() {
        return address;
    }

    public long bytes() {
        return bytes;
    }

    @Override
    public void close() {
        Pointer.free(block);
        block.setNull();
    }

    private static final class Address extends Pointer {
        Address(long value) {
            address = value;
        }
    }

    /** A pointer of JavaCPP's that can be moved, so that pointing somewhere else makes no object. */
    public static final class Cursor extends Pointer {

        public Cursor at(long value) {
            address = value;
            return this;
        }
    }
}
