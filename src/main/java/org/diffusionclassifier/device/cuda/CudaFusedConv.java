package org.diffusionclassifier.device.cuda;

import java.util.Arrays;
import org.diffusionclassifier.device.Conv2d;
import org.diffusionclassifier.device.Diffusion.Errors;
import org.diffusionclassifier.device.Diffusion.Measure;
import org.diffusionclassifier.device.Diffusion.Trials;
import org.diffusionclassifier.device.Diffusion;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.device.cuda.driver.Geometry;
import org.diffusionclassifier.device.cuda.driver.KernelFacts;
import org.diffusionclassifier.tensor.DType;

/**
 * The network's first and last convolution, by {@code noised_conv.cu} and {@code error_conv.cu}: neither the noised latent
 * nor the prediction is stored.
 */
final class CudaFusedConv implements Conv2d {

    // What the kernels' tile counts: a block's pixels, and the channels of a latent at most.
    private static final int LINES = 0;
    private static final int COLUMNS = 1;
    private static final int CHANNELS = 2;

    private final CudaDevice device;
    private final Spec spec;
    private final CudaConv2d plain;

    CudaFusedConv(CudaDevice device, Spec spec, CudaConv2d plain) {
        this.device = device;
        this.spec = spec;
        this.plain = plain;
    }

    /** Whether the kernels take a layer's latent, and whole vectors of its features. */
    static boolean fits(CudaDevice device, Spec spec) {
        return switch (spec.fusion()) {
            case NONE -> false;
            case NOISED_INPUT -> spec.in() <= device.gpu().kernel("noised_conv").tile(CHANNELS);
            case MEASURED_OUTPUT -> spec.out() <= device.gpu().kernel("error_conv_l2").tile(CHANNELS)
                    && spec.in() % 8 == 0;
        };
    }

    @Override
    public Tensor forward(Tensor x, Tensor skip, Tensor addend) {
        return plain.forward(x, skip, addend);
    }

    @Override
    public Tensor forward(Diffusion diffusion, Trials trials) {
        if (spec.fusion() != Fusion.NOISED_INPUT) {
            return plain.forward(diffusion, trials);
        }
        Tensor x0 = trials.x0();
        spec.requireLatent(x0);
        KernelFacts kernel = device.gpu().kernel("noised_conv");
        Tensor y = device.activations(trials.count(), x0.dim(0), x0.dim(1), spec.out());
        boolean wholeTiles = x0.dim(0) % kernel.tile(LINES) == 0 && x0.dim(1) % kernel.tile(COLUMNS) == 0;
        if (spec.normalized() && wholeTiles) {
            y = y.withMoments(MapMoments.of(device, y, kernel.tile(LINES) * kernel.tile(COLUMNS)));
        }
        device.add(CudaDiffusion.drawing(device, diffusion.table(), kernel, tiles(kernel, x0, trials.count()),
                        2L * y.elements() * x0.width() * 9, trials)
                .in(plain.filters().operand()).with(plain.filters().columns()).in(plain.bias())
                .out(y).out(y.moments()).with(x0.dim(0), x0.dim(1), x0.width(), spec.out()));
        return y;
    }

    @Override
    public Errors errors(Tensor x, Diffusion diffusion, Trials trials, Tensor trialOfPair, Measure measure) {
        if (spec.fusion() != Fusion.MEASURED_OUTPUT) {
            return plain.errors(x, diffusion, trials, trialOfPair, measure);
        }
        Tensor x0 = trials.x0();
        int pairs = trialOfPair.dim(0);
        int[] predicted = {pairs, x0.dim(0), x0.dim(1), x0.width()};
        if (!Arrays.equals(spec.outputShape(x, null, null), predicted)) {
            throw new IllegalArgumentException("errors of conv2d " + spec + " of " + x + " for " + pairs + " pairs of "
                    + x0);
        }
        KernelFacts kernel = device.gpu().kernel("error_conv" + CudaDiffusion.suffix(measure));
        Geometry tiles = tiles(kernel, x0, pairs);
        int tilesOfPair = tiles.gridX() * tiles.gridY();
        Tensor partial = device.activations(DType.F32, pairs, tilesOfPair);
        Tensor map = CudaDiffusion.map(device, measure, pairs, x0);
        device.add(CudaDiffusion.drawing(device, diffusion.table(), kernel, tiles,
                        2L * pairs * x0.elements() * x.width() * 9, trials,
                        x, x.width(), plain.filters().operand(), plain.filters().columns(), plain.bias())
                .in(trials.outputScale()).in(trials.inputScale()).in(trials.errorScale()).in(trialOfPair)
                .out(partial).out(map).with(x0.dim(0), x0.dim(1), x0.width()));
        Tensor mean = device.activations(DType.F32, pairs);
        device.add(device.launch("error_mean", pairs)
                .in(partial).with(tilesOfPair).out(mean).with(pairs, Math.toIntExact(x0.elements())));
        return new Errors(mean, map);
    }

    private static Geometry tiles(KernelFacts kernel, Tensor x0, int entries) {
        return kernel.grid(kernel.blocks(COLUMNS, x0.dim(1)), kernel.blocks(LINES, x0.dim(0)), entries);
    }

    @Override
    public void close() {
        plain.close();
    }
}
