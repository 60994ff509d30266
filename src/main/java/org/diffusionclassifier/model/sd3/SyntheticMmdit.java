package org.diffusionclassifier.model.sd3;

import java.util.List;
import org.diffusionclassifier.config.MmditConfig;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Diffusion.Measure;
import org.diffusionclassifier.device.Diffusion.Trials;
import org.diffusionclassifier.device.Diffusion;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.model.Conditioning;
import org.diffusionclassifier.model.Pairs;
import org.diffusionclassifier.model.Probe;
import org.diffusionclassifier.model.SyntheticEvaluation;
import org.diffusionclassifier.tensor.SyntheticWeights;

/** A multimodal diffusion transformer with random weights, and captions as long as CLIP and T5 make them. */
public final class SyntheticMmdit implements SyntheticEvaluation.Network {

    /** Of CLIP's tokenizer, and of T5's in the reference pipeline. */
    private static final int CAPTION_TOKENS = 77 + 256;

    private final MmditConfig config;
    private final Device device;
    private final Mmdit mmdit;

    private SyntheticMmdit(MmditConfig config, Device device) {
        this.config = config;
        this.device = device;
        this.mmdit = new Mmdit(config, new SyntheticWeights(), device);
    }

    /** Of pairs that share trials as evenly as goes. */
    public static SyntheticEvaluation evaluation(MmditConfig config, Device device, int trials, int pairs) {
        return new SyntheticEvaluation(new SyntheticMmdit(config, device), device, trials, pairs, config.sampleSize(),
                config.inChannels());
    }

    @Override
    public Conditioning captions(SyntheticEvaluation inputs, int count) {
        return new Conditioning(device, count,
                List.of(inputs.normal(device.dtype(), count, CAPTION_TOKENS, config.width())),
                List.of(inputs.normal(device.dtype(), count, config.width())));
    }

    @Override
    public Tensor errors(Diffusion diffusion, Trials trials, Pairs pairs, Measure measure) {
        Tensor predicted = mmdit.forward(diffusion.addNoise(trials), pairs, Probe.NONE);
        return diffusion.errors(predicted, trials, pairs.trialOfPair(), measure).mean();
    }

    @Override
    public void close() {
        mmdit.close();
    }
}
