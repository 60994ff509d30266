package org.diffusionclassifier.jmh;

import org.diffusionclassifier.config.UNetConfig;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.model.SyntheticEvaluation;
import org.diffusionclassifier.model.stablediffusion.SyntheticUNet;
import org.openjdk.jmh.annotations.Param;

/** A whole evaluation of a UNet, with captions' keys and values at hand. */
public class UNetBenchmark extends NetworkBenchmark {

    @Param({"demo", "sd-1.5", "sd-2-base"})
    public String model;

    @Override
    protected SyntheticEvaluation evaluation(Device on, int trials, int pairs) {
        UNetConfig unet = BenchmarkModel.with(model, BenchmarkModel::unet);
        return SyntheticUNet.evaluation(unet, on, trials, pairs, side == 0 ? unet.sampleSize() : side);
    }
}
