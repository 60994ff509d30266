package org.diffusionclassifier.device.cuda;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.diffusionclassifier.device.Conv2d;
import org.diffusionclassifier.device.DeviceException;
import org.diffusionclassifier.device.ResidualConv2d;
import org.diffusionclassifier.device.Storage;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.tensor.SyntheticWeights;
import org.diffusionclassifier.testing.Devices;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The largest input of a convolution whose offsets the kernel can count, and the next one. */
@Tag("cuda")
class CudaConv2dTest {

    @Test
    void refusesAnInputThatItsOffsetsDoNotReach() {
        try (var device = (CudaDevice) Devices.openCuda(Kernels.NATIVE);
                var conv = device.conv2d(Conv2d.Spec.of(8, 8, 3), new SyntheticWeights().at("a"))) {
            assertDoesNotThrow(() -> record(device, conv, 16383));
            String message = assertThrows(DeviceException.class, () -> record(device, conv, 16384)).getMessage();
            assertTrue(message.contains("found 2147483648: try a smaller batchSize"), message);
        }
    }

    @Test
    void refusesAShortcutThatItsOffsetsDoNotReach() {
        var spec = new ResidualConv2d.Spec(Conv2d.Spec.of(8, 8, 3), Conv2d.Spec.of(16, 8, 1));
        try (var device = (CudaDevice) Devices.openCuda(Kernels.NATIVE);
                var conv = device.residualConv2d(spec, new SyntheticWeights().at("a"),
                        new SyntheticWeights().at("b"))) {
            assertDoesNotThrow(() -> record(device, conv, 8191));
            String message = assertThrows(DeviceException.class, () -> record(device, conv, 8192)).getMessage();
            assertTrue(message.contains("found 2147483648: try a smaller batchSize"), message);
        }
    }

    private static void record(CudaDevice device, ResidualConv2d conv, int height) {
        Tensor h = nowhere(device, 1, height, 16384, 8);
        Tensor x = nowhere(device, 1, height, 16384, 16);
        device.record(recorder -> conv.forward(h, x, null, null)).close();
    }

    private static void record(CudaDevice device, Conv2d conv, int height) {
        Tensor x = nowhere(device, 1, height, 16384, 8);
        device.record(recorder -> conv.forward(x)).close();
    }

    /** Recorded and not run: none of its gigabytes is there. */
    private static Tensor nowhere(CudaDevice device, int... shape) {
        long elements = Arrays.stream(shape).asLongStream().reduce(1, Math::multiplyExact);
        return Tensor.over(Storage.persistent(0, 2 * elements), device.dtype(), shape);
    }
}
