package org.diffusionclassifier.device.cuda;

import java.util.Set;
import org.diffusionclassifier.device.Activation;
import org.diffusionclassifier.device.Conv2d;
import org.diffusionclassifier.device.DeviceException;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.device.cuda.driver.KernelCatalog;
import org.diffusionclassifier.device.cuda.driver.KernelOp;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.tensor.Weights;

/**
 * A 3×3 convolution as a launch of {@code conv.cu}, two if the sum over taps and channels is split; doubling is an
 * index shift in its loader.
 */
final class CudaConv2d implements Conv2d {

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
        requireReach(x);
        Tensor y = device.activations(spec.floatOutput() ? DType.F32 : device.dtype(), spec.outputShape(x, skip, addend));
        boolean vectors = spec.in() % 8 == 0;
        KernelCatalog kernels = device.gpu().kernels();
        Set<Tiles> whole = vectors ? Tiles.of(kernels, spec.floatOutput() ? "conv3x3_f32out" : "conv3x3")
                : Tiles.ANY_WIDTH;
        Set<Tiles> partial = vectors && !spec.floatOutput() ? Tiles.of(kernels, "conv3x3_partial") : Tiles.NONE;
        int tiles = 9 * filters.columns() / Tiles.DEPTH;
        Tiles.Plan plan = device.plan(y.rows(), spec.out(), tiles, whole, partial);
        if (spec.normalized()) {
            y = y.withMoments(MapMoments.of(device, y, "conv3x3", plan));
        }
        boolean perImage = spec.isPerImage(addend);
        record(plan, x, perImage ? null : addend, perImage ? addend : null, y);
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
        Integer[] geometry = {y.dim(1), y.dim(2), n, spec.stride(), spec.padding() == Padding.SYMMETRIC ? 1 : 0,
            spec.upsample() ? 1 : 0};
        String family = spec.floatOutput() ? "conv3x3_f32out" : y.moments() != null ? "conv3x3_moments" : "conv3x3";
        var op = new KernelOp(device.gpu(), device.gpu().kernel(plan.kernel(family)), plan.geometry(m, n),
                2L * y.elements() * spec.in() * 9)
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

    /**
     * The kernel's offsets into its input have 32 bits, one of them a sign.
     *
     * @throws DeviceException for an input that is too large for that
     */
    private static void requireReach(Tensor x) {
        if (x.elements() > Integer.MAX_VALUE) {
            throw DeviceException.of(null, "cuda: a convolution of %s: expected fewer than 2147483648 elements, found %d: "
                    + "try a smaller %s", x, x.elements(), InputException.field("batchSize"));
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
