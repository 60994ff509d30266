package org.diffusionclassifier.jmh;

import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.LayerNorm;
import org.diffusionclassifier.device.Tensor;
import org.openjdk.jmh.annotations.Param;

/** LayerNorm at the widths of Stable Diffusion and 8 pairs. */
public class LayerNormBenchmark extends OperationBenchmark {

    /** Batch x rows x channels. */
    @Param({"8x4096x320", "8x1024x640", "8x256x1280", "8x64x1280"})
    public String rows;

    @Override
    protected Tensor record(Device on) {
        int[] s = shape(rows);
        return on.layerNorm(new LayerNorm.Spec(s[2], 1e-5f), weights()).forward(normal(on, s));
    }
}
