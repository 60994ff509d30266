package org.diffusionclassifier.model.stablediffusion;

import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.diffusionclassifier.config.UNetConfig;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Diffusion.Measure;
import org.diffusionclassifier.device.Diffusion.Trials;
import org.diffusionclassifier.device.Diffusion;
import org.diffusionclassifier.device.Graph;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.model.Conditioning;
import org.diffusionclassifier.model.Pairs;
import org.diffusionclassifier.model.SyntheticEvaluation;
import org.diffusionclassifier.tensor.SyntheticWeights;

/** A UNet with random weights, and captions as its cross-attentions have them. */
public final class SyntheticUNet implements SyntheticEvaluation.Network {

    /** Of CLIP's tokenizer. */
    private static final int CAPTION_TOKENS = 77;

    private final UNetConfig config;
    private final Device device;
    private final UNet unet;

    private SyntheticUNet(UNetConfig config, Device device) {
        this.config = config;
        this.device = device;
        this.unet = new UNet(config, new SyntheticWeights(), device);
    }

    /** Of pairs that share nothing: each has a trial of its own. */
    public static SyntheticEvaluation evaluation(UNetConfig config, Device device, int pairs) {
        return evaluation(config, device, pairs, pairs);
    }

    /** Of pairs that share trials, for latents of the size that the model was trained on. */
    public static SyntheticEvaluation evaluation(UNetConfig config, Device device, int trials, int pairs) {
        return evaluation(config, device, trials, pairs, config.sampleSize());
    }

    /** @param size height and width of the latent, whatever the model was trained on */
    public static SyntheticEvaluation evaluation(UNetConfig config, Device device, int trials, int pairs, int size) {
        return new SyntheticEvaluation(new SyntheticUNet(config, device), device, trials, pairs, size, config.inChannels());
    }

    @Override
    public Conditioning captions(SyntheticEvaluation inputs, int count) {
        return new Conditioning(device, count, keysAndValues(inputs, count), config.added() == null ? List.of()
                : List.of(inputs.normal(device.dtype(), count, 4 * config.blockOutChannels().get(0))));
    }

    /** What the cross-attentions look at: of the shapes that projected captions have. */
    private List<Tensor> keysAndValues(SyntheticEvaluation inputs, int captions) {
        Tensor states = device.tensor(device.dtype(), captions, CAPTION_TOKENS, config.crossAttentionDim());
        var projected = new AtomicReference<List<Tensor>>();
        try (Graph projection = device.record(recorder -> projected.set(unet.projectContext(states)))) {
            return projected.get().stream().map(part -> inputs.normal(part.type(), part.shape())).toList();
        } finally {
            device.release(states);
        }
    }

    @Override
    public Tensor errors(Diffusion diffusion, Trials trials, Pairs pairs, Measure measure) {
        return unet.errors(diffusion, trials, pairs, measure).mean();
    }

    @Override
    public void close() {
        unet.close();
    }
}
