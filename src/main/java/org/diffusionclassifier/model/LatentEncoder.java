package org.diffusionclassifier.model;

import java.util.concurrent.atomic.AtomicReference;
import org.diffusionclassifier.config.VaeConfig;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Graph;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.image.Preprocess;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.tensor.Weights;

/** From an image to the latent x₀: preprocessing, autoencoder, mean of the latent's distribution, shift and scale. */
public final class LatentEncoder implements AutoCloseable {

    private final Device device;
    private final VaeEncoder vae;
    private final Preprocess preprocess;
    private final Tensor pixels;
    private final Tensor x0;
    private final Graph graph;

    /**
     * @param weights    the autoencoder's, which may be read as long as this lives
     * @param preprocess to the images that {@code config}'s autoencoder takes
     */
    public LatentEncoder(VaeConfig config, Weights weights, Preprocess preprocess, Device device) {
        this.device = device;
        this.preprocess = preprocess;
        this.vae = new VaeEncoder(config, weights, device);
        this.pixels = device.tensor(device.dtype(), 1, preprocess.size(), preprocess.size(), config.inChannels());
        var latent = new AtomicReference<Tensor>();
        this.graph = device.record(recorder -> {
            Tensor mean = vae.forward(pixels).columns(0, config.latentChannels());              // [1, h, w, c]
            latent.set(device.affine(mean, config.shiftFactor(), config.scalingFactor()));
            recorder.keep(latent.get());
        });
        this.x0 = latent.get();
    }

    /** The square that is encoded of an image. */
    public RgbImage seen(RgbImage image) {
        return preprocess.apply(image);
    }

    /**
     * x₀, the mean of the latent's distribution, shifted and scaled.
     *
     * @return [1, h, w, c] float32 on the device, until another graph runs there
     */
    public Tensor encode(RgbImage image) {
        device.write(pixels, Preprocess.normalise(seen(image)));
        graph.run();
        return x0;
    }

    @Override
    public void close() {
        graph.close();
        vae.close();
        device.release(pixels);
    }
}
