package org.diffusionclassifier.device.cuda;

import java.util.Arrays;
import java.util.Locale;
import org.diffusionclassifier.device.Conv2d;
import org.diffusionclassifier.device.Diffusion;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.device.cuda.driver.Geometry;
import org.diffusionclassifier.device.cuda.driver.KernelFacts;
import org.diffusionclassifier.device.cuda.driver.KernelOp;
import org.diffusionclassifier.tensor.DType;

/**
 * Noise mixing and the errors of predictions, with the noise computed where it is needed: within the network's first and last convolution
 * ({@code noised_conv.cu}, {@code error_conv.cu}), or on their own ({@code diffusion.cu}, {@code variational_bound.cu}).
 */
final class CudaDiffusion implements Diffusion {

    // What the tile of the fused convolutions counts: a block's pixels, and the channels of a latent at most.
    private static final int LINES = 0;
    private static final int COLUMNS = 1;
    private static final int CHANNELS = 2;

    private final CudaDevice device;
    /** Given noise, [N, h, w, c]; null to compute it. */
    private final Tensor table;

    CudaDiffusion(CudaDevice device, Tensor table) {
        this.device = device;
        this.table = table;
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
        Tensor map = map(measure, pairs, x0);
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

    @Override
    public Tensor convolveNoised(Trials trials, Conv2d first) {
        Tensor x0 = trials.x0();
        KernelFacts kernel = device.gpu().kernel("noised_conv");
        if (!(first instanceof CudaConv2d conv) || !isPlain(conv.spec()) || conv.spec().in() != x0.width()
                || x0.width() > kernel.tile(CHANNELS) || conv.spec().floatOutput()) {
            return Diffusion.super.convolveNoised(trials, first);
        }
        int out = conv.spec().out();
        Tensor y = device.activations(trials.count(), x0.dim(0), x0.dim(1), out);
        boolean wholeTiles = x0.dim(0) % kernel.tile(LINES) == 0 && x0.dim(1) % kernel.tile(COLUMNS) == 0;
        if (conv.spec().normalized() && wholeTiles) {
            y = y.withMoments(MapMoments.of(device, y, kernel.tile(LINES) * kernel.tile(COLUMNS)));
        }
        device.add(drawing(kernel, tiles(kernel, x0, trials.count()), 2L * y.elements() * x0.width() * 9, trials)
                .in(conv.filters().operand()).with(conv.filters().columns()).in(conv.bias())
                .out(y).out(y.moments()).with(x0.dim(0), x0.dim(1), x0.width(), out));
        return y;
    }

    @Override
    public Errors errors(Tensor x, Conv2d last, Trials trials, Tensor trialOfPair, Measure measure) {
        Tensor x0 = trials.x0();
        int pairs = trialOfPair.dim(0);
        KernelFacts kernel = device.gpu().kernel("error_conv" + suffix(measure));
        if (!(last instanceof CudaConv2d conv) || !isPlain(conv.spec()) || conv.spec().out() != x0.width()
                || x0.width() > kernel.tile(CHANNELS) || conv.spec().in() % 8 != 0 || !x.isDense()
                || !Arrays.equals(x.shape(), new int[] {pairs, x0.dim(0), x0.dim(1), conv.spec().in()})) {
            return Diffusion.super.errors(x, last, trials, trialOfPair, measure);
        }
        Geometry tiles = tiles(kernel, x0, pairs);
        int tilesOfPair = tiles.gridX() * tiles.gridY();
        Tensor partial = device.activations(DType.F32, pairs, tilesOfPair);
        Tensor map = map(measure, pairs, x0);
        device.add(drawing(kernel, tiles, 2L * pairs * x0.elements() * x.width() * 9, trials,
                x, x.width(), conv.filters().operand(), conv.filters().columns(), conv.bias())
                .in(trials.outputScale()).in(trials.inputScale()).in(trials.errorScale()).in(trialOfPair)
                .out(partial).out(map).with(x0.dim(0), x0.dim(1), x0.width()));
        Tensor mean = device.activations(DType.F32, pairs);
        device.add(device.launch("error_mean", pairs)
                .in(partial).with(tilesOfPair).out(mean).with(pairs, Math.toIntExact(x0.elements())));
        return new Errors(mean, map);
    }

    private static boolean isPlain(Conv2d.Spec spec) {
        return spec.kernel() == 3 && spec.stride() == 1 && spec.padding() == Conv2d.Padding.SYMMETRIC
                && !spec.upsample();
    }

    /** Of {@code noised_conv} and {@code error_conv}. */
    private static Geometry tiles(KernelFacts kernel, Tensor x0, int entries) {
        return kernel.grid(kernel.blocks(COLUMNS, x0.dim(1)), kernel.blocks(LINES, x0.dim(0)), entries);
    }

    private Tensor map(Measure measure, int pairs, Tensor x0) {
        return measure.withMap() ? device.activations(DType.F32, pairs, x0.dim(0), x0.dim(1)) : null;
    }

    private static String suffix(Measure measure) {
        return "_" + measure.loss().name().toLowerCase(Locale.ROOT);
    }

    /** A launch with the arguments that every kernel that draws noise has behind its first ones. */
    private KernelOp drawing(KernelFacts kernel, Geometry geometry, long flops, Trials trials, Object... first) {
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
