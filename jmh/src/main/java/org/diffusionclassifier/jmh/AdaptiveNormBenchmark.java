package org.diffusionclassifier.jmh;

import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Tensor;
import org.openjdk.jmh.annotations.Param;

/** The two operations of {@code adaln.cu} at the tokens of DiT-XL/2 and 8 pairs, for images of 256² and 512². */
public class AdaptiveNormBenchmark extends OperationBenchmark {

    /** What is measured. */
    public enum Part { ADAPTIVE_NORM, GATED_SUM }

    @Param({"ADAPTIVE_NORM", "GATED_SUM"})
    public Part part;

    /** Pairs x tokens x width. */
    @Param({"8x256x1152", "8x1024x1152"})
    public String tokens;

    @Override
    protected Tensor record(Device on) {
        int[] s = shape(tokens);
        int width = s[2];
        Tensor x = normal(on, s);
        Tensor condition = normal(on, s[0], 6 * width);         // all of a block's, as its one product gives them
        return part == Part.ADAPTIVE_NORM
                ? on.adaptiveNorm(x, condition.columns(0, width), condition.columns(width, width), 1e-6f)
                : on.gatedSum(x, condition.columns(2 * width, width), normal(on, s));
    }
}
