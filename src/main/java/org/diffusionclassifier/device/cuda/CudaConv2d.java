package org.diffusionclassifier.device.cuda;

import java.util.Set;
import java.util.function.Supplier;
import org.diffusionclassifier.device.Activation;
import org.diffusionclassifier.device.Conv2d;
import org.diffusionclassifier.device.DeviceException;
import org.diffusionclassifier.device.DoubledFilters;
import org.diffusionclassifier.device.ResidualConv2d;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.device.cuda.driver.KernelCatalog;
import org.diffusionclassifier.device.cuda.driver.KernelOp;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.tensor.Weights;

/**
 * A 3×3 convolution, with the shortcut around it or without, as a launch of {@code conv.cu}, two if the sum over taps
 * and channels is split. Of a doubled map it is four filters of 2×2 in one launch: {@link DoubledFilters}.
 */
final class CudaConv2d implements Conv2d, ResidualConv2d {

    private final CudaDevice device;
    private final Conv2d.Spec spec;
    /** What is summed beside the filter's taps; null for nothing. */
    private final ResidualConv2d.Spec residual;
    /** Whose pixels are made by a filter of their own each. */
    private final int parities;
    private final int taps;
    private final KernelWeights filters;
    private final Tensor bias;

    CudaConv2d(CudaDevice device, Conv2d.Spec spec, Weights source) {
        this.device = device;
        this.spec = spec;
        this.residual = null;
        this.parities = spec.upsample() ? 4 : 1;
        this.taps = spec.upsample() ? 4 : 9;
        Supplier<float[]> read = KernelWeights.filters(source, spec.out(), spec.in(), 3);
        this.filters = KernelWeights.matrix(device,
                spec.upsample() ? () -> DoubledFilters.byParity(read.get(), spec.out(), spec.in()) : read,
                parities * spec.out() * taps, spec.in());
        this.bias = device.parameters("bias", spec.out(), source);
    }

    CudaConv2d(CudaDevice device, ResidualConv2d.Spec residual, Weights source, Weights shortcutSource) {
        this.device = device;
        this.spec = residual.conv();
        this.residual = residual;
        this.parities = 1;
        this.taps = 9;
        Conv2d.Spec shortcut = residual.shortcut();
        int out = spec.out();
        int around = shortcut.in() + shortcut.concat();
        float[] sum = new float[out];
        var first = new BiasBehind(KernelWeights.filters(source, out, spec.in(), 3), source, sum);
        var second = new BiasBehind(KernelWeights.filters(shortcutSource, out, around, 1), shortcutSource, sum);
        this.filters = KernelWeights.filtersBesideMatrix(device, first, out, taps, spec.in(), second, shortcut.in(),
                shortcut.concat());
        first.add();
        second.add();
        this.bias = device.parameters(sum, source, shortcutSource);
    }

    /** Weights, with which the bias is read that a model's file has right behind them, and added to a sum once. */
    private static final class BiasBehind implements Supplier<float[]> {

        private final Supplier<float[]> weights;
        private final Weights source;
        private final float[] sum;
        private boolean added;

        BiasBehind(Supplier<float[]> weights, Weights source, float[] sum) {
            this.weights = weights;
            this.source = source;
            this.sum = sum;
        }

        @Override
        public float[] get() {
            float[] values = weights.get();
            add();
            return values;
        }

        /** Adds the bias, unless it has been. */
        void add() {
            if (!added) {
                added = true;
                float[] bias = source.floats("bias", sum.length);
                for (int i = 0; i < bias.length; i++) {
                    sum[i] += bias[i];
                }
            }
        }
    }

    @Override
    public Tensor forward(Tensor x, Tensor skip, Tensor addend) {
        boolean perImage = spec.isPerImage(addend);
        return record(spec.outputShape(x, skip, addend), Inputs.of(x), perImage ? null : addend,
                perImage ? addend : null);
    }

    @Override
    public Tensor forward(Tensor h, Tensor x, Tensor skip, Tensor addend) {
        return record(residual.outputShape(h, x, skip, addend), new Inputs(h, x, skip), addend, null);
    }

    private Tensor record(int[] shape, Inputs inputs, Tensor addend, Tensor imageAddend) {
        Tensor y = device.activations(spec.floatOutput() ? DType.F32 : device.dtype(), shape);
        boolean vectors = inputs.areVectors();
        KernelCatalog kernels = device.gpu().kernels();
        Set<Tiles> whole = vectors ? Tiles.of(kernels, spec.floatOutput() ? "conv3x3_f32out" : "conv3x3")
                : Tiles.ANY_WIDTH;
        Set<Tiles> partial = vectors && !spec.floatOutput() ? Tiles.of(kernels, "conv3x3_partial") : Tiles.NONE;
        int depth = inputs.columns(taps) / Tiles.DEPTH;
        Tiles.Plan plan = device.plan(parities, y.rows(), spec.out(), depth, whole, partial);
        if (spec.normalized()) {
            y = y.withMoments(MapMoments.of(device, y, "conv3x3", parities, plan));
        }
        record(plan, inputs, addend, imageAddend, y);
        return y;
    }

    /**
     * What is summed.
     *
     * @param x      [B, H, W, in], of which the filter takes patches
     * @param around [B, H', W', ..], of which the shortcut takes pixels; null for none
     * @param skip   as {@code around}, behind it; null for none
     */
    record Inputs(Tensor x, Tensor around, Tensor skip) {

        /** @throws DeviceException for an input that is too large */
        Inputs {
            requireReach(x, around, skip);
        }

        static Inputs of(Tensor x) {
            return new Inputs(x, null, null);
        }

        private static int width(Tensor input) {
            return input == null ? 0 : input.width();
        }

        boolean areVectors() {
            return (x.width() | width(around) | width(skip)) % 8 == 0;
        }

        /** Terms of a sum over so many taps of the filter. */
        int terms(int taps) {
            return taps * x.width() + width(around) + width(skip);
        }

        /** The same, with the zeros that fill up tiles. */
        int columns(int taps) {
            return taps * KernelWeights.padded(x.width()) + KernelWeights.padded(width(around))
                    + KernelWeights.padded(width(skip));
        }
    }

    /**
     * Records the convolution as {@code plan} has it.
     *
     * @param addend      as y, or null
     * @param imageAddend [B, out], its rows any distance apart, or null
     * @param y           with the tensor for its moments, if they are to be gathered
     */
    void record(Tiles.Plan plan, Inputs inputs, Tensor addend, Tensor imageAddend, Tensor y) {
        int m = y.rows();
        int n = spec.out();
        Integer[] geometry = {y.dim(1), y.dim(2), n, spec.stride(), spec.padding() == Padding.SYMMETRIC ? 1 : 0,
            spec.upsample() ? 1 : 0};
        String family = spec.floatOutput() ? "conv3x3_f32out" : y.moments() != null ? "conv3x3_moments" : "conv3x3";
        Tensor x = inputs.x;
        var op = new KernelOp(device.gpu(), device.gpu().kernel(plan.kernel(family)), plan.geometry(parities, m, n),
                2L * y.elements() * inputs.terms(taps))
                .in(x).with(x.dim(0), x.dim(1), x.dim(2), spec.in())
                .in(inputs.around).with(Inputs.width(inputs.around))
                .in(inputs.skip).with(Inputs.width(inputs.skip))
                .in(filters.operand()).with(KernelWeights.padded(spec.in()));
        if (plan.splits() == 1) {
            op.in(bias).in(addend)
                    .in(imageAddend).with(imageAddend == null ? 0 : imageAddend.rowStride())
                    .out(y).with(geometry);
            device.add(y.moments() == null ? op : op.out(y.moments()));
            return;
        }
        var sums = new SplitSums(device, plan, m, n);
        device.add(op.with(plan.splitTiles()).out(sums.tensor()).with(sums.tensor().width()).with(geometry));
        sums.finish(bias, imageAddend, y.dim(1) * y.dim(2), addend, Activation.NONE, y);
    }

    /**
     * The kernel's offsets into an input have 32 bits, one of them a sign.
     *
     * @throws DeviceException for an input that is too large for that
     */
    private static void requireReach(Tensor... inputs) {
        for (Tensor x : inputs) {
            if (x != null && x.elements() > Integer.MAX_VALUE) {
                throw DeviceException.of(null, "cuda: a convolution of %s: expected fewer than 2147483648 elements, "
                        + "found %d: try a smaller %s", x, x.elements(), InputException.field("batchSize"));
            }
        }
    }

    /** [out, 3, 3, in], the last padded with zeros to whole tiles: see {@link KernelWeights}. */
    KernelWeights filters() {
        return filters;
    }

    /** [out] float32. */
    Tensor bias() {
        return bias;
    }

    @Override
    public void close() {
        filters.close();
        device.release(bias);
    }
}
