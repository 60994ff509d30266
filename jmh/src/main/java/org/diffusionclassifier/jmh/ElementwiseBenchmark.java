package org.diffusionclassifier.jmh;

import org.diffusionclassifier.device.Activation;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.tensor.DType;
import org.openjdk.jmh.annotations.Param;

/** SiLU of the time embedding, and the gather of rows by index that goes from trials to pairs. */
public class ElementwiseBenchmark extends OperationBenchmark {

    /** Entries x rows x width. */
    @Param({"8x1x1280", "8x4096x320"})
    public String entries;

    @Override
    protected Tensor record(Device on) {
        int[] s = shape(entries);
        Tensor index = on.tensor(DType.I32, s[0]);
        return on.gather(on.activation(Activation.SILU, normal(on, s)), index);
    }
}
