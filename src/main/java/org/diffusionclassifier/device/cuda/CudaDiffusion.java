package org.diffusionclassifier.device.cuda;

import java.util.Locale;
import org.diffusionclassifier.device.Diffusion;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.device.cuda.driver.Geometry;
import org.diffusionclassifier.device.cuda.driver.KernelFacts;
import org.diffusionclassifier.device.cuda.driver.KernelOp;
import org.diffusionclassifier.tensor.DType;

/**
 * Noise mixing and the errors of predictions, with the noise computed where it is needed: {@code diffusion.cu} and
 * {@code variational_bound.cu}. Within the network's first and last convolution it is {@link CudaFusedConv}.
 */
final class CudaDiffusion implements Diffusion {

    private final CudaDevice device;
    /** Given noise, [N, h, w, c]; null to compute it. */
    private final Tensor table;

    CudaDiffusion(CudaDevice device, Tensor table) {
        this.device = device;
        this.table = table;
    }

    @Override
    public Tensor table() {
        return table;
    }

    @Override
    public Tensor addNoise(Trials trials) {
        Tensor x0 = trials.x0();
        Tensor y = device.activations(trials.count(), x0.dim(0), x0.dim(1), x0.dim(2));
        KernelFacts kernel = device.gpu().kernel("add_noise");
        device.add(drawing(kernel, kernel.grid(kernel.blocks(x0.rows()), trials.count()), 0, trials)
                .out(y).with(x0.width(), x0.rows()));
        return y;
    }

    @Override
    public Errors errors(Tensor predicted, Trials trials, Tensor trialOfPair, Measure measure) {
        Tensor x0 = trials.x0();
        int pairs = trialOfPair.dim(0);
        trials.requirePredictions(predicted, pairs, 1);
        Tensor mean = device.activations(DType.F32, pairs);
        Tensor map = map(device, measure, pairs, x0);
        KernelFacts kernel = device.gpu().kernel("epsilon_error" + suffix(measure));
        device.add(drawing(kernel, kernel.grid(kernel.blocks(pairs), 1), 0, trials, predicted, predicted.rowStride())
                .in(trials.outputScale()).in(trials.inputScale()).in(trials.errorScale()).in(trialOfPair)
                .out(mean).out(map).with(x0.width(), x0.rows()));
        return new Errors(mean, map);
    }

    @Override
    public Tensor bound(Tensor predicted, Trials trials, ReverseSteps steps, Tensor trialOfPair, boolean withSquares) {
        Tensor x0 = trials.x0();
        int pairs = trialOfPair.dim(0);
        trials.requirePredictions(predicted, pairs, 2);
        Tensor bits = device.activations(DType.F32, pairs);
        KernelFacts kernel = device.gpu().kernel("variational_bound");
        device.add(drawing(kernel, kernel.grid(kernel.blocks(pairs), 1), 0, trials, predicted)
                .in(trials.outputScale()).in(trials.inputScale()).in(trials.errorScale()).in(trialOfPair)
                .in(steps.timestep()).in(steps.meanScale()).in(steps.logVariance()).in(steps.logRange())
                .with(withSquares).out(bits).with(x0.width(), x0.rows()));
        return bits;
    }

    /** What the errors lie in by pixel, or null. */
    static Tensor map(CudaDevice device, Measure measure, int pairs, Tensor x0) {
        return measure.withMap() ? device.activations(DType.F32, pairs, x0.dim(0), x0.dim(1)) : null;
    }

    static String suffix(Measure measure) {
        return "_" + measure.loss().name().toLowerCase(Locale.ROOT);
    }

    private KernelOp drawing(KernelFacts kernel, Geometry geometry, long flops, Trials trials, Object... first) {
        return drawing(device, table, kernel, geometry, flops, trials, first);
    }

    /** A launch with the arguments that every kernel that draws noise has behind its first ones. */
    static KernelOp drawing(CudaDevice device, Tensor table, KernelFacts kernel, Geometry geometry, long flops,
                            Trials trials, Object... first) {
        var op = new KernelOp(device.gpu(), kernel, geometry, flops);
        for (Object argument : first) {
            if (argument instanceof Tensor tensor) {
                op.in(tensor);
            } else {
                op.with((Number) argument);
            }
        }
        return op.in(trials.x0()).in(trials.seed()).in(trials.noiseIndex()).in(trials.signal()).in(trials.level())
                .in(table);
    }
}
