package org.diffusionclassifier.model;

import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Diffusion.Measure;
import org.diffusionclassifier.device.Diffusion;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.image.RgbImage;

/**
 * A latent diffusion model on a device, of whichever family: what conditions it, its noise process, its autoencoder and
 * the network that predicts. It stays open for any number of conditionings, and serves one thread at a time.
 */
public interface LatentModel extends AutoCloseable {

    Device device();

    /** Encodes what images are compared with. */
    Conditioner conditioner();

    Latents latents();

    /** What the model sees of an image: resized, the middle square cut out. */
    RgbImage seen(RgbImage image);

    /** x₀ of an image, scaled: [1, size, size, channels] float32 on the device, until another graph runs there. */
    Tensor latent(RgbImage image);

    /**
     * Records the network's predictions for a batch's pairs: adding noise (M), the network (M, then P).
     *
     * @return [P, size, size, channels] float32, with twice the channels where it predicts variances
     */
    Tensor predict(Diffusion diffusion, Diffusion.Trials trials, Pairs pairs);

    /** Records the errors of the predictions for a batch's pairs. A model may do it without storing predictions. */
    default Diffusion.Errors errors(Diffusion diffusion, Diffusion.Trials trials, Pairs pairs, Measure measure) {
        return diffusion.errors(predict(diffusion, trials, pairs).columns(0, latents().channels()), trials,
                pairs.trialOfPair(), measure);
    }

    @Override
    void close();
}
