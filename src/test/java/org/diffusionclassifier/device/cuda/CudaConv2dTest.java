package org.diffusionclassifier.device.cuda;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.diffusionclassifier.device.Conv2d;
import org.diffusionclassifier.device.DeviceException;
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

    /** Recorded and not run: none of its gigabytes is there. */
    private static void record(CudaDevice device, Conv2d conv, int height) {
        int[] shape = {1, height, 16384, 8};
        var nowhere = Storage.persistent(0, 2L * height * 16384 * 8);
        device.record(recorder -> conv.forward(Tensor.over(nowhere, device.dtype(), shape))).close();
    }
}
