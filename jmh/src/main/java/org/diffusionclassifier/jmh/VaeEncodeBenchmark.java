package org.diffusionclassifier.jmh;

import org.diffusionclassifier.config.VaeConfig;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.model.VaeEncoder;
import org.openjdk.jmh.annotations.Param;

/** The autoencoder's way from an image to its latent, with Stable Diffusion's shapes and made-up weights. */
public class VaeEncodeBenchmark extends OperationBenchmark {

    /** Side of the image. */
    @Param("512")
    public int side;

    @Override
    protected Tensor record(Device on) {
        var config = BenchmarkModel.with("sd-2-base", source -> VaeConfig.read(source.component("vae").config()));
        return new VaeEncoder(config, weights(), on).forward(normal(on, 1, side, side, config.inChannels()));
    }
}
