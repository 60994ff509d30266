package org.diffusionclassifier.model.text;

import java.util.function.Function;
import java.util.function.Supplier;
import org.diffusionclassifier.checkpoint.Checkpoint;
import org.diffusionclassifier.config.VaeConfig;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Layer;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.image.Preprocess;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.model.Conditioner;
import org.diffusionclassifier.model.LatentEncoder;
import org.diffusionclassifier.model.LatentModel;
import org.diffusionclassifier.model.Latents;

/**
 * What models that are conditioned on captions share. Autoencoder and network are built when one of them is first needed,
 * which is after the first captions have been encoded and their encoders released, so that the memory of both is not taken
 * at once.
 *
 * @param <N> the network
 */
public abstract class CaptionedModel<N extends Layer> implements LatentModel {

    private final Checkpoint checkpoint;
    private final VaeConfig vae;
    private final Latents latents;
    private final Device device;
    private final TextEncoding conditioner;
    private LatentEncoder encoder;
    private N network;

    /**
     * @param checkpoint  has the component {@code vae} of this configuration
     * @param conditioner makes what encodes captions, by what gives the network; closed with this
     */
    protected CaptionedModel(Checkpoint checkpoint, VaeConfig vae, Latents latents, Device device,
                             Function<Supplier<N>, TextEncoding> conditioner) {
        this.checkpoint = checkpoint;
        this.vae = vae;
        this.latents = latents;
        this.device = device;
        this.conditioner = conditioner.apply(this::network);
    }

    /** Builds the network; called once. */
    protected abstract N openNetwork();

    @Override
    public final Device device() {
        return device;
    }

    @Override
    public final Conditioner conditioner() {
        return conditioner;
    }

    @Override
    public final Latents latents() {
        return latents;
    }

    @Override
    public final RgbImage seen(RgbImage image) {
        return encoder().seen(image);
    }

    @Override
    public final Tensor latent(RgbImage image) {
        return encoder().encode(image);
    }

    private LatentEncoder encoder() {
        if (encoder == null) {
            encoder = new LatentEncoder(vae, checkpoint.component(Checkpoint.VAE).weights(),
                    new Preprocess(latents.size() * vae.downscale()), device);
        }
        return encoder;
    }

    protected final N network() {
        if (network == null) {
            encoder();      // stands before it in a converted file
            network = openNetwork();
        }
        return network;
    }

    @Override
    public final void close() {
        conditioner.close();
        if (encoder != null) {
            encoder.close();
        }
        if (network != null) {
            network.close();
        }
    }
}
