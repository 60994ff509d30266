package org.diffusionclassifier.device.cpu.dnnl;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.diffusionclassifier.device.DeviceException;
import org.diffusionclassifier.platform.Platform;
import org.junit.jupiter.api.Test;

/** A platform without oneDNN is told in one line which have it. */
class OneDnnPlatformTest {

    @Test
    void thisPlatformHasIt() {
        assertDoesNotThrow(() -> OneDnn.requireNatives(Platform.ofSystem()));
    }

    @Test
    void anotherHasNot() {
        String message = refused(Platform.of("Linux", "s390x"));
        assertTrue(message.contains("found linux-s390x") && message.contains(Platform.ofSystem().toString()), message);
        assertFalse(message.contains("build it"), message);
    }

    /** Unless the build was for all. */
    @Test
    void aKnownOneIsToldHowToGetIt() {
        for (Platform platform : Platform.KNOWN) {
            if (!Platform.having(OneDnn::binding).contains(platform)) {
                String message = refused(platform);
                assertTrue(message.contains("found " + platform) && message.contains("-Pall-platforms"), message);
            }
        }
    }

    private static String refused(Platform platform) {
        String message = assertThrows(DeviceException.class, () -> OneDnn.requireNatives(platform)).getMessage();
        assertEquals(1, message.lines().count(), message);
        return message;
    }
}
