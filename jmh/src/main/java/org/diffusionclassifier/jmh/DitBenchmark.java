package org.diffusionclassifier.jmh;

import java.util.stream.IntStream;
import org.diffusionclassifier.config.DitConfig;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Diffusion.Loss;
import org.diffusionclassifier.device.Diffusion.Measure;
import org.diffusionclassifier.device.Diffusion.Trials;
import org.diffusionclassifier.device.Diffusion;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.model.Pairs;
import org.diffusionclassifier.model.dit.Dit;
import org.diffusionclassifier.tensor.DType;
import org.openjdk.jmh.annotations.Param;

/**
 * A whole evaluation of DiT-XL/2 for images of 256², from latent to errors, its weights made up: pairs of a label and a
 * trial of its own, 16 being the CPU's default batch.
 */
public class DitBenchmark extends OperationBenchmark {

    @Param("16")
    public int pairs;

    @Override
    protected Tensor record(Device on) {
        DitConfig config = DitConfig.xl2();
        var dit = new Dit(config, weights(), on);
        int size = config.sampleSize();
        int latent = config.inChannels();
        Tensor each = indices(on);
        Tensor zeros = on.tensor(DType.F32, pairs);
        var trials = new Trials(on.tensor(DType.F32, size, size, latent), on.tensor(DType.I32, 2), each,
                zeros, zeros, zeros, zeros, zeros);
        Diffusion diffusion = on.diffusion();
        Tensor predicted = dit.forward(diffusion.addNoise(trials), new Pairs(zeros, each,
                dit.embed(IntStream.range(0, pairs).toArray()), each));
        return diffusion.errors(predicted.columns(0, latent), trials, each, new Measure(Loss.L2, false)).mean();
    }

    private Tensor indices(Device on) {
        Tensor indices = on.tensor(DType.I32, pairs);
        on.write(indices, IntStream.range(0, pairs).toArray());
        return indices;
    }
}
