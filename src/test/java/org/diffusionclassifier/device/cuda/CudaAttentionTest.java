package org.diffusionclassifier.device.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.diffusionclassifier.device.Attention;
import org.diffusionclassifier.device.cuda.driver.GpuProperties;
import org.diffusionclassifier.device.cuda.driver.KernelCatalog;
import org.diffusionclassifier.device.cuda.driver.KernelFacts;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.testing.Devices;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Heads that are wider than any kernel's are the model's fault, and the user is told; and when keys are split. */
@Tag("cuda")
class CudaAttentionTest {

    @Test
    void namesTheWidestHeads() {
        try (var device = (CudaDevice) Devices.openCuda()) {
            assertEquals("attention heads of 520 columns: expected up to 512 on " + device.gpu().driver().deviceName()
                            + "; with device cpu any",
                    assertThrows(InputException.class, () -> device.attention(new Attention.Spec(2, 1040, false)))
                            .getMessage());
        }
    }

    /**
     * Stable Diffusion 2 at batch 8: 1024 queries of 10 heads leave an H100's third wave half empty, and the partial
     * results of a split would cost more than that. One query of one head has the card to itself, and splits its keys as
     * soon as they are many.
     */
    @Test
    void splitsWhereItSavesMoreThanTheMergeCosts() {
        KernelFacts kernel = KernelCatalog.packaged().find("attention_d64").orElseThrow();
        for (var card : List.of(new GpuProperties(90, 132, 228 << 10, 227 << 10), new GpuProperties(80, 108, 164 << 10,
                163 << 10), new GpuProperties(89, 128, 100 << 10, 99 << 10))) {
            assertEquals(1, CudaAttention.splits(card, kernel, 64, 8 * 10 * 8, 8 * 10 * 1024, 1024), card.toString());
            assertEquals(1, CudaAttention.splits(card, kernel, 64, 1, 1, 64), card.toString());
            assertEquals(4, CudaAttention.splits(card, kernel, 64, 1, 1, 8192), card.toString());
        }
    }
}
