package org.diffusionclassifier.jmh;

import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.GroupNorm;
import org.diffusionclassifier.device.Tensor;
import org.openjdk.jmh.annotations.Param;

/** GroupNorm with SiLU, 32 groups, at the maps of Stable Diffusion and 8 pairs. */
public class GroupNormBenchmark extends OperationBenchmark {

    /** Batch x pixels x channels. */
    @Param({"8x4096x320", "8x4096x640", "8x4096x960", "8x1024x640", "8x1024x1280", "8x1024x1920", "8x256x1280",
            "8x256x2560", "8x64x1280"})
    public String map;

    @Override
    protected Tensor record(Device on) {
        int[] s = shape(map);
        return on.groupNorm(new GroupNorm.Spec(s[2], 32, 1e-5f, true), weights()).forward(normal(on, s));
    }
}
