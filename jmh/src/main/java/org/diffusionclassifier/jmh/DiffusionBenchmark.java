package org.diffusionclassifier.jmh;

import org.diffusionclassifier.device.Conv2d;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Diffusion.Loss;
import org.diffusionclassifier.device.Diffusion.Measure;
import org.diffusionclassifier.device.Diffusion.Trials;
import org.diffusionclassifier.device.Diffusion;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.tensor.DType;
import org.openjdk.jmh.annotations.Param;

/** The two ends of an evaluation of 8 pairs: noise within the first convolution, the error within the last, or alone. */
public class DiffusionBenchmark extends OperationBenchmark {

    private static final int PAIRS = 8;
    private static final int SIZE = 64;
    private static final int LATENT = 4;
    private static final int CHANNELS = 320;

    /** What is measured. */
    public enum End { ADD_NOISE, NOISED_CONV, ERROR, ERROR_CONV }

    @Param({"ADD_NOISE", "NOISED_CONV", "ERROR", "ERROR_CONV"})
    public End end;

    @Override
    protected Tensor record(Device on) {
        Diffusion diffusion = on.diffusion();
        Tensor zeros = on.tensor(DType.F32, PAIRS);
        var trials = new Trials(on.tensor(DType.F32, SIZE, SIZE, LATENT), on.tensor(DType.I32, 2),
                on.tensor(DType.I32, PAIRS), zeros, zeros, zeros, zeros, zeros);
        Tensor trialOfPair = on.tensor(DType.I32, PAIRS);
        var measure = new Measure(Loss.L2, false);
        return switch (end) {
            case ADD_NOISE -> diffusion.addNoise(trials);
            case NOISED_CONV -> on.conv2d(Conv2d.Spec.of(LATENT, CHANNELS, 3).noisedInput(), weights())
                    .forward(diffusion, trials);
            case ERROR -> diffusion.errors(on.tensor(DType.F32, PAIRS, SIZE, SIZE, LATENT), trials, trialOfPair,
                    measure).mean();
            case ERROR_CONV -> on.conv2d(Conv2d.Spec.of(CHANNELS, LATENT, 3).measuredOutput(), weights())
                    .errors(normal(on, PAIRS, SIZE, SIZE, CHANNELS), diffusion, trials, trialOfPair, measure).mean();
        };
    }
}
