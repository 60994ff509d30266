package org.diffusionclassifier.jmh;

import org.diffusionclassifier.device.Conv2d;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Tensor;
import org.openjdk.jmh.annotations.Param;

/** The 3×3 convolutions of Stable Diffusion at 8 pairs. */
public class ConvBenchmark extends OperationBenchmark {

    /** Batch x height x width x inputs x outputs. */
    @Param({"8x64x64x320x320", "8x64x64x640x320", "8x64x64x960x320", "8x32x32x640x640", "8x32x32x1280x640",
            "8x32x32x1920x640", "8x16x16x1280x1280", "8x16x16x2560x1280", "8x8x8x1280x1280", "8x8x8x2560x1280"})
    public String map;

    @Override
    protected Tensor record(Device on) {
        int[] s = shape(map);
        return on.conv2d(Conv2d.Spec.of(s[3], s[4], 3), weights()).forward(normal(on, s[0], s[1], s[2], s[3]));
    }
}
