package org.diffusionclassifier.jmh;

import org.diffusionclassifier.device.Activation;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Linear;
import org.diffusionclassifier.device.Tensor;
import org.openjdk.jmh.annotations.Param;

/** Matrix products of Stable Diffusion 2 at 8 pairs: rows × inputs × outputs, with bias, and GEGLU. */
public class GemmBenchmark extends OperationBenchmark {

    /** Rows x inputs x outputs. */
    @Param({"32768x320x960", "32768x320x320", "32768x320x1280", "32768x1280x320", "8192x640x1920", "8192x640x640",
            "8192x640x2560", "8192x2560x640", "2048x1280x3840", "2048x1280x1280", "2048x1280x5120", "2048x5120x1280",
            "512x1280x1280", "8x1280x1280"})
    public String product;

    @Param({"NONE"})
    public Activation activation;

    @Override
    protected Tensor record(Device on) {
        int[] mkn = shape(product);
        var layer = on.linear(Linear.Spec.of(mkn[1], mkn[2]).then(activation), weights());
        return layer.forward(normal(on, mkn[0], mkn[1]));
    }
}
