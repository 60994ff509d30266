package org.diffusionclassifier.device.cpu;

import org.diffusionclassifier.device.Arena;
import org.diffusionclassifier.device.cpu.dnnl.NativeMemory;

/** Memory for activations that is as large as the largest graph has needed so far. */
final class GrowingArena implements Arena, AutoCloseable {

    private NativeMemory memory = NativeMemory.allocate(0);

    @Override
    public long reserve(long bytes) {
        if (bytes > memory.bytes()) {
            memory.close();
            memory = NativeMemory.allocate(bytes);
        }
        return memory.address();
    }

    @Override
    public void close() {
        memory.close();
    }
}
