package org.diffusionclassifier.model;

import java.util.concurrent.atomic.AtomicReference;
import org.diffusionclassifier.config.VaeConfig;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Graph;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.image.Preprocess;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.tensor.Weights;

/** From an image to the latent x₀: preprocessing, autoencoder, posterior mean, scaling factor. */
public final class LatentEncoder implements AutoCloseable {

    private final Device device;
    private final VaeEncoder vae;
    private final Preprocess preprocess;
    private final Tensor pixels;
    private final Tensor mean;
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
        var moments = new AtomicReference<Tensor>();
        this.graph = device.record(recorder -> {
            moments.set(vae.forward(pixels));
            recorder.keep(moments.get());
        });
        this.mean = moments.get().columns(0, config.latentChannels());
    }

    /** The square that is encoded of an image. */
    public RgbImage seen(RgbImage image) {
        return preprocess.apply(image);
    }

    /** x₀ as [h, w, c], row-major: the mean of the latent's distribution times the scaling factor. */
    public float[] encode(RgbImage image) {
        device.write(pixels, Preprocess.normalise(seen(image)));
        graph.run();
        float[] x0 = device.read(mean);
        for (int i = 0; i < x0.length; i++) {
            x0[i] = (float) (x0[i] * vae.config().scalingFactor());
        }
        return x0;
    }

    @Override
    public void close() {
        graph.close();
        vae.close();
        device.release(pixels);
    }
}
