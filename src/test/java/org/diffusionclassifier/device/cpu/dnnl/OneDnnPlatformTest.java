package org.diffusionclassifier.device.cpu.dnnl;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import org.diffusionclassifier.device.DeviceException;
import org.diffusionclassifier.platform.Platform;
import org.junit.jupiter.api.Test;

/** A platform without oneDNN is told in one line which have it, and arm64 gets the part of it that is right. */
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

    /** With newer extensions of arm64 its results are wrong; where the environment asks for them, it has them. */
    @Test
    void arm64StaysWithAdvancedSimd() {
        Platform arm64 = Platform.of("Linux", "aarch64");
        assertTrue(OneDnn.staysWithAdvancedSimd(arm64, Map.of()));
        assertTrue(OneDnn.staysWithAdvancedSimd(Platform.of("Mac OS X", "aarch64"), Map.of()));
        assertFalse(OneDnn.staysWithAdvancedSimd(arm64, Map.of("ONEDNN_MAX_CPU_ISA", "sve_128")));
        assertFalse(OneDnn.staysWithAdvancedSimd(arm64, Map.of("DNNL_MAX_CPU_ISA", "default")));
        assertFalse(OneDnn.staysWithAdvancedSimd(Platform.of("Linux", "amd64"), Map.of()));
    }

    private static String refused(Platform platform) {
        String message = assertThrows(DeviceException.class, () -> OneDnn.requireNatives(platform)).getMessage();
        assertEquals(1, message.lines().count(), message);
        return message;
    }
}
