package org.diffusionclassifier.device.cuda.driver;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.diffusionclassifier.device.DeviceException;
import org.diffusionclassifier.platform.Platform;
import org.junit.jupiter.api.Test;

/** Where the two drivers can be at all. */
class DriverPlatformTest {

    private static final Platform LINUX = Platform.of("Linux", "amd64");
    private static final Platform MAC = Platform.of("Mac OS X", "aarch64");
    private static final Platform WINDOWS = Platform.of("Windows 11", "amd64");

    @Test
    void theEmulatedOneIsForLinuxAlone() {
        assertDoesNotThrow(() -> Driver.EMULATED.requirePlatform(LINUX));
        for (Platform other : List.of(MAC, WINDOWS, Platform.of("Linux", "aarch64"))) {
            String message = assertThrows(DeviceException.class, () -> Driver.EMULATED.requirePlatform(other)).getMessage();
            assertTrue(message.startsWith("simt: expected linux-x86_64,") && message.contains("found " + other), message);
            assertEquals(1, message.lines().count(), message);
        }
    }

    @Test
    void thereIsNoneForMacs() {
        String message = assertThrows(DeviceException.class, () -> Driver.INSTALLED.requirePlatform(MAC)).getMessage();
        assertTrue(message.startsWith("cuda: expected ") && message.contains("found macosx-arm64"), message);
    }

    @Test
    void tracesOfADriver() {
        assertTrue(Driver.traces(WINDOWS, "D:/Win").get(0).endsWith("System32/nvcuda.dll"));
        assertTrue(Driver.traces(WINDOWS, null).get(0).toString().startsWith("C:"));
        assertEquals("/dev/nvidiactl", Driver.traces(LINUX, null).get(0).toString());
    }

    /** By the names in JCuda's own jars. */
    @Test
    void namesOfBindings() {
        assertEquals("lib/libJCudaDriver-12.6.0-linux-x86_64.so", Driver.binding(LINUX));
        assertEquals("lib/JCudaDriver-12.6.0-windows-x86_64.dll", Driver.binding(WINDOWS));
    }
}
