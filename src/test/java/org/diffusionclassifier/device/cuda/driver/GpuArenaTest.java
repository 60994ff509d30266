package org.diffusionclassifier.device.cuda.driver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.diffusionclassifier.device.DeviceException;
import org.diffusionclassifier.device.cuda.CudaDevice;
import org.diffusionclassifier.testing.Devices;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The memory for activations: it grows, and a growth that fails leaves it empty, not with a size and no memory. */
@Tag("cuda")
class GpuArenaTest {

    private static final long MEGABYTE = 1 << 20;

    @Test
    void servesAgainAfterAGrowthThatFailed() {
        try (var device = (CudaDevice) Devices.openCuda(); var arena = new GpuArena(device.gpu())) {
            long first = arena.reserve(2 * MEGABYTE);
            assertEquals(first, arena.reserve(MEGABYTE), "a smaller one has room");
            String message = assertThrows(DeviceException.class, () -> arena.reserve(device.gpu().totalBytes() + 1))
                    .getMessage();
            assertTrue(message.contains("try a smaller batchSize"), message);
            assertEquals(0, arena.bytes());
            long again = arena.reserve(MEGABYTE);
            assertNotEquals(0, again);
            device.gpu().zero(again, MEGABYTE);
            device.synchronize();
        }
    }
}
