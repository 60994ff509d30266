package org.diffusionclassifier.jmh;

import org.diffusionclassifier.device.Attention;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Tensor;
import org.openjdk.jmh.annotations.Param;

/** Self- and cross-attention of Stable Diffusion 2 (heads of 64) and 1.5 (40, 80, 160) at 8 pairs. */
public class AttentionBenchmark extends OperationBenchmark {

    /** Batch x queries x keys x heads x columns of a head. */
    @Param({"8x4096x4096x5x64", "8x1024x1024x10x64", "8x256x256x20x64", "8x64x64x20x64", "8x4096x77x5x64",
            "8x1024x77x10x64", "8x4096x4096x8x40", "8x1024x1024x8x80", "8x256x256x8x160", "8x4096x77x8x40"})
    public String heads;

    @Override
    protected Tensor record(Device on) {
        int[] s = shape(heads);
        int width = s[3] * s[4];
        return on.attention(new Attention.Spec(s[3], width, false))
                .forward(normal(on, s[0], s[1], width), normal(on, s[0], s[2], width), normal(on, s[0], s[2], width));
    }
}
