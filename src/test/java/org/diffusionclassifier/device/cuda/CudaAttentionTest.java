package org.diffusionclassifier.device.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.diffusionclassifier.device.Attention;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.testing.Devices;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Heads of a width that no kernel is made for are the model's fault, and the user is told which widths there are. */
@Tag("cuda")
class CudaAttentionTest {

    @Test
    void namesTheWidthsThatThereAreKernelsFor() {
        try (var device = (CudaDevice) Devices.openCuda()) {
            String widths = IntStream.rangeClosed(1, 20).mapToObj(n -> String.valueOf(8 * n))
                    .collect(Collectors.joining(", ")) + ", 512";
            for (int width : new int[] {12, 168, 256}) {
                assertEquals("attention heads of " + width + " columns: expected one of the widths that "
                                + device.gpu().driver().deviceName() + " has kernels for, " + widths
                                + "; with device cpu any",
                        assertThrows(InputException.class, () -> device.attention(new Attention.Spec(2, 2 * width, false)))
                                .getMessage());
            }
        }
    }
}
