package org.diffusionclassifier.device.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.diffusionclassifier.tensor.DType;
import org.junit.jupiter.api.Test;

class FastestTypeTest {

    /** As native bfloat16 does; what is hardly faster, or as fast, is not worth the coarser errors. */
    @Test
    void halfTheTimeWins() {
        assertEquals(DType.BF16, FastestType.faster(1000, 500));
        assertEquals(DType.F32, FastestType.faster(1000, 1100));
        assertEquals(DType.F32, FastestType.faster(1000, 1000));
        assertEquals(DType.F32, FastestType.faster(1000, 900));
    }

    @Test
    void isATypeThatTheDeviceTakes() {
        DType found = CpuDevice.fastestType();
        assertTrue(List.of(DType.F32, DType.BF16).contains(found));
        assertTrue(found == DType.F32 || CpuDevice.computesBfloat16());
        assertEquals(found, CpuDevice.fastestType());
        new CpuDevice(found).close();
    }
}
