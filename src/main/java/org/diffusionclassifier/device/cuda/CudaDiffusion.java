package org.diffusionclassifier.device.cuda;

import java.util.Locale;
import org.diffusionclassifier.device.Diffusion;
import org.diffusionclassifier.device.Noise;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.device.cuda.KernelOp.Geometry;
import org.diffusionclassifier.weights.DType;
import org.diffusionclassifier.weights.ScheduleConfig.PredictionType;

/** Noise mixing and ε-error by {@code diffusion.cu}, which computes the noise where it needs it. */
final class CudaDiffusion implements Diffusion {

    private static final int BLOCK = 256;
    private static final int PIXELS_A_BLOCK = 1024;

    private final CudaDevice device;
    private final long seed;
    private final Tensor table;

    CudaDiffusion(CudaDevice device, Noise noise) {
        this.device = device;
        this.seed = noise instanceof Noise.Seeded seeded ? seeded.seed() : 0;
        this.table = noise instanceof Noise.Given given ? given.table() : null;
    }

    @Override
    public Tensor addNoise(Trials trials) {
        Tensor x0 = trials.x0();
        Tensor y = device.activations(trials.count(), x0.dim(0), x0.dim(1), x0.dim(2));
        device.add(new KernelOp(device.gpu(), "add_noise",
                Geometry.of(Geometry.ceilDiv(x0.rows(), PIXELS_A_BLOCK), trials.count(), BLOCK), 0)
                .in(x0).in(trials.noiseIndex()).in(trials.signalLevel()).in(trials.noiseLevel()).with(seed).in(table)
                .out(y).with(x0.width(), x0.rows()));
        return y;
    }

    @Override
    public Errors errors(Tensor predicted, Trials trials, Tensor trialOfPair, Loss loss, PredictionType prediction,
                         boolean withMap) {
        Tensor x0 = trials.x0();
        int pairs = trialOfPair.dim(0);
        trials.requirePredictions(predicted, pairs);
        Tensor mean = device.activations(DType.F32, pairs);
        Tensor map = withMap ? device.activations(DType.F32, pairs, x0.dim(0), x0.dim(1)) : null;
        device.add(new KernelOp(device.gpu(), "epsilon_error_" + loss.name().toLowerCase(Locale.ROOT),
                Geometry.of(pairs, 1, BLOCK), 0)
                .in(predicted).in(x0).in(trials.noiseIndex()).in(trials.signalLevel()).in(trials.noiseLevel())
                .with(seed).in(table).in(trialOfPair).with(prediction == PredictionType.V_PREDICTION)
                .out(mean).out(map).with(x0.width(), x0.rows()));
        return new Errors(mean, map);
    }
}
