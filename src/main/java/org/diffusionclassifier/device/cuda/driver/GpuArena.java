package org.diffusionclassifier.device.cuda.driver;

import org.diffusionclassifier.device.Arena;

/** The card's memory for activations: one allocation, replaced by a larger one when a graph needs that. */
public final class GpuArena implements Arena, AutoCloseable {

    private final Gpu gpu;
    private long address;
    private long bytes;

    public GpuArena(Gpu gpu) {
        this.gpu = gpu;
    }

    /** What it takes of the card. */
    public long bytes() {
        return bytes;
    }

    @Override
    public long reserve(long wanted) {
        if (wanted > bytes) {
            close();
            address = gpu.allocate(wanted, Gpu.Use.ACTIVATIONS);
            bytes = wanted;
        }
        return address;
    }

    @Override
    public void close() {
        if (address != 0) {
            long freed = address;
            address = 0;
            bytes = 0;                  // or a growth that fails would leave a size without memory
            gpu.free(freed);
        }
    }
}
