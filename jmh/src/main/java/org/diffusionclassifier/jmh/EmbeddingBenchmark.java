package org.diffusionclassifier.jmh;

import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.tensor.DType;
import org.openjdk.jmh.annotations.Param;

/** The timestep embedding of 8 trials. */
public class EmbeddingBenchmark extends OperationBenchmark {

    @Param("320")
    public int width;

    @Override
    protected Tensor record(Device on) {
        return on.timestepEmbedding(on.tensor(DType.F32, 8), width, true, 0);
    }
}
