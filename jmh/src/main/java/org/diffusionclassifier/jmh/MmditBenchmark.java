package org.diffusionclassifier.jmh;

import org.diffusionclassifier.config.MmditConfig;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.model.SyntheticEvaluation;
import org.diffusionclassifier.model.sd3.SyntheticMmdit;
import org.openjdk.jmh.annotations.Param;

/** A whole evaluation of a multimodal diffusion transformer, with embedded captions of 333 tokens at hand. */
public class MmditBenchmark extends NetworkBenchmark {

    @Param("sd3-medium")
    public String model;

    @Override
    protected SyntheticEvaluation evaluation(Device on, int trials, int pairs) {
        MmditConfig config = MmditConfig.published(model);
        return SyntheticMmdit.evaluation(side == 0 ? config : config.withSampleSize(side), on, trials, pairs);
    }
}
