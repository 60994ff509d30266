package org.diffusionclassifier.device.cuda.driver;

import static jcuda.driver.JCudaDriver.*;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import jcuda.Pointer;
import jcuda.driver.CUevent;
import jcuda.driver.CUstream;
import jcuda.driver.CUstream_flags;

/**
 * Copies between the host and a card, through a ring of page-locked buffers and on a stream of their own: while one
 * buffer is under way the next is filled, and nothing waits but for a buffer that is still in use.
 *
 * <p>Order is kept by events. An upload begins after the kernels launched before it, which may still read what it
 * overwrites, and ends before the kernels launched after it:
 *
 * <pre>
 *     compute   kernels ──●                       ┌─● more kernels
 *                         └───▶ wait              │
 *     copies                    ─ slot ─ slot ─●──┘
 * </pre>
 */
public final class Staging implements AutoCloseable {

    /** Four megabytes are long past where a bus's rate depends on the size; four of them keep both ends busy. */
    private static final int SLOT_BYTES = 4 << 20;
    private static final int SLOTS = 4;

    /** Puts elements {@code first} to {@code first + count} of something into a buffer. */
    @FunctionalInterface
    public interface Source {
        void fill(ByteBuffer slot, int first, int count);
    }

    /** Takes them out of one. */
    @FunctionalInterface
    public interface Sink {
        void take(ByteBuffer slot, int first, int count);
    }

    private final Gpu gpu;
    private final CUstream compute;
    private final CUstream copies = new CUstream();
    private final CUevent computed;
    private final CUevent copied;
    private final Slot[] slots = new Slot[SLOTS];
    private int next;

    /** @param compute the stream that the kernels are launched on */
    public Staging(Gpu gpu, CUstream compute) {
        this.gpu = gpu;
        this.compute = compute;
        gpu.check(cuStreamCreate(copies, CUstream_flags.CU_STREAM_NON_BLOCKING), "cuStreamCreate");
        computed = gpu.createEvent();
        copied = gpu.createEvent();
        for (int i = 0; i < SLOTS; i++) {
            slots[i] = new Slot();
        }
    }

    /**
     * Copies elements to the card. Returns when the source has been read; the last copies may be under way, but kernels
     * launched from now on run after them.
     *
     * @param size bytes of an element
     */
    public void upload(long address, int elements, int size, Source source) {
        copy(address, elements, size, source);
        after(copied, copies, compute);
    }

    /** As {@link #upload}, but kernels that need the elements have to wait for {@code done}. */
    public void upload(long address, int elements, int size, Source source, CUevent done) {
        copy(address, elements, size, source);
        gpu.check(cuEventRecord(done, copies), "cuEventRecord");
    }

    private void copy(long address, int elements, int size, Source source) {
        gpu.enter();
        after(computed, compute, copies);
        for (int first = 0, count; first < elements; first += count) {
            count = Math.min(elements - first, SLOT_BYTES / size);
            Slot slot = free(count * size);
            source.fill(slot.buffer, first, count);
            gpu.check(cuMemcpyHtoDAsync(Gpu.at(address + (long) first * size), slot.pointer, (long) count * size, copies),
                    "cuMemcpyHtoDAsync of " + count * size + " bytes");
            gpu.check(cuEventRecord(slot.free, copies), "cuEventRecord");
        }
    }

    /**
     * Copies elements from the card, when the kernels launched before have run.
     *
     * @param size bytes of an element
     */
    public void download(long address, int elements, int size, Sink sink) {
        gpu.enter();
        for (int first = 0, count; first < elements; first += count) {
            count = Math.min(elements - first, SLOT_BYTES / size);
            Slot slot = free(count * size);
            gpu.check(cuMemcpyDtoHAsync(slot.pointer, Gpu.at(address + (long) first * size), (long) count * size, compute),
                    "cuMemcpyDtoHAsync of " + count * size + " bytes");
            gpu.check(cuEventRecord(slot.free, compute), "cuEventRecord");
            slot.await();
            sink.take(slot.buffer, first, count);
        }
    }

    /** What {@code later} is given from now on runs after what {@code earlier} has been given so far. */
    private void after(CUevent event, CUstream earlier, CUstream later) {
        gpu.check(cuEventRecord(event, earlier), "cuEventRecord");
        gpu.check(cuStreamWaitEvent(later, event, 0), "cuStreamWaitEvent");
    }

    private Slot free(int bytes) {
        Slot slot = slots[next];
        next = (next + 1) % SLOTS;
        slot.await();
        slot.buffer.clear().limit(bytes);
        return slot;
    }

    @Override
    public void close() {
        for (Slot slot : slots) {
            cuEventDestroy(slot.free);
            cuMemFreeHost(slot.pointer);
        }
        cuEventDestroy(computed);
        cuEventDestroy(copied);
        cuStreamDestroy(copies);
    }

    private final class Slot {

        private final Pointer pointer = new Pointer();
        private final CUevent free = gpu.createEvent();
        private final ByteBuffer buffer;

        Slot() {
            gpu.check(cuMemAllocHost(pointer, SLOT_BYTES), "cuMemAllocHost of " + SLOT_BYTES + " bytes");
            buffer = pointer.getByteBuffer(0, SLOT_BYTES).order(ByteOrder.nativeOrder());
        }

        void await() {
            gpu.checkCompletion(cuEventSynchronize(free), "cuEventSynchronize");
        }
    }
}
