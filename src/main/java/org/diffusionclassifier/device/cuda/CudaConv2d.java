package org.diffusionclassifier.device.cuda;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.Set;
import org.diffusionclassifier.device.Activation;
import org.diffusionclassifier.device.Conv2d;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.Weights;

/**
 * A 3×3 convolution as a launch of {@code conv.cu}, two if the sum over taps and channels is split; doubling is an
 * index shift in its loader.
 */
final class CudaConv2d implements Conv2d {

    private static final Set<Tiles> ANY = EnumSet.of(Tiles.ANY);
    private static final Set<Tiles> NONE = EnumSet.noneOf(Tiles.class);
    static final Set<Tiles> NARROW = EnumSet.of(Tiles.T128X16);
    static final Set<Tiles> PLAIN = EnumSet.of(Tiles.T256X160, Tiles.T128X160, Tiles.T128X128, Tiles.T64X64);
    static final Set<Tiles> PARTIAL = EnumSet.of(Tiles.T128X160, Tiles.T128X128);

    private final CudaDevice device;
    private final Spec spec;
    private final KernelWeights filters;
    private final Tensor bias;

    CudaConv2d(CudaDevice device, Spec spec, Weights source) {
        this.device = device;
        this.spec = spec;
        this.filters = KernelWeights.matrix(device, KernelWeights.filters(source, spec.out(), spec.in(), 3), spec.out() * 9,
                spec.in());
        this.bias = device.parameters("bias", spec.out(), source);
    }

    @Override
    public Tensor forward(Tensor x, Tensor skip, Tensor addend) {
        int[] shape = {x.dim(0), spec.outputSize(x.dim(1)), spec.outputSize(x.dim(2)), spec.out()};
        boolean residual = addend != null && addend.isDense() && Arrays.equals(addend.shape(), shape);
        boolean perImage = addend != null && Arrays.equals(addend.shape(), new int[] {shape[0], spec.out()});
        if (skip != null || x.rank() != 4 || x.width() != spec.in() || !x.isDense() || shape[1] < 1 || shape[2] < 1
                || (addend != null && !residual && !perImage)) {
            throw new IllegalArgumentException("conv2d " + spec + " of " + x + ", " + skip + " and " + addend);
        }
        Tensor y = device.activations(spec.floatOutput() ? DType.F32 : DType.F16, shape);
        Set<Tiles> whole = spec.in() % 8 != 0 ? ANY : spec.floatOutput() ? NARROW : PLAIN;
        Set<Tiles> partial = PLAIN.equals(whole) ? PARTIAL : NONE;
        int tiles = 9 * filters.columns() / Tiles.DEPTH;
        Tiles.Plan plan = Tiles.choose(device.multiprocessors(), y.rows(), spec.out(), tiles, whole, partial);
        if (spec.normalized()) {
            y = y.withMoments(MapMoments.of(device, y, plan));
        }
        record(plan, x, residual ? addend : null, perImage ? addend : null, y);
        return y;
    }

    /**
     * Records the convolution as {@code plan} has it.
     *
     * @param residual    as y, or null
     * @param imageAddend [B, out], its rows any distance apart, or null
     * @param y           with the tensor for its moments, if they are to be gathered
     */
    void record(Tiles.Plan plan, Tensor x, Tensor residual, Tensor imageAddend, Tensor y) {
        int m = y.rows();
        int n = spec.out();
        Object[] geometry = {y.dim(1), y.dim(2), n, spec.stride(), spec.padding() == Padding.SYMMETRIC ? 1 : 0,
            spec.upsample()};
        String family = spec.floatOutput() ? "conv3x3_f32out" : y.moments() != null ? "conv3x3_moments" : "conv3x3";
        var op = new KernelOp(device.gpu(), plan.kernel(family), plan.geometry(m, n), 2L * y.elements() * spec.in() * 9)
                .in(x).with(x.dim(0), x.dim(1), x.dim(2), spec.in())
                .in(filters.operand()).with(filters.columns());
        if (plan.splits() == 1) {
            op.in(bias).in(residual)
                    .in(imageAddend).with(imageAddend == null ? 0 : imageAddend.rowStride())
                    .out(y).with(geometry);
            device.add(y.moments() == null ? op : op.out(y.moments()));
            return;
        }
        var sums = new SplitSums(device, plan, m, n);
        device.add(op.with(plan.splitTiles()).out(sums.tensor()).with(sums.tensor().width()).with(geometry));
        sums.finish(bias, imageAddend, y.dim(1) * y.dim(2), residual, Activation.NONE, y);
    }

    Spec spec() {
        return spec;
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
