package org.diffusionclassifier.device.cuda;

import org.diffusionclassifier.device.Attention;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.device.cuda.KernelOp.Geometry;

/** Attention by {@code attention.cu}: one launch, no scores in memory, keys and values chosen by index where they are. */
final class CudaAttention implements Attention {

    private static final int WIDEST = 160;
    /** The autoencoder's single head. */
    private static final int WIDE_HEAD = 512;

    private final CudaDevice device;
    private final Spec spec;

    /** @throws IllegalArgumentException for a head width that no kernel is made for */
    CudaAttention(CudaDevice device, Spec spec) {
        int d = spec.headWidth();
        if ((d % 8 != 0 || d > WIDEST) && d != WIDE_HEAD) {
            throw new IllegalArgumentException("attention heads of " + d + " columns: the kernels take multiples of 8 "
                    + "up to " + WIDEST + ", and " + WIDE_HEAD);
        }
        this.device = device;
        this.spec = spec;
    }

    @Override
    public Tensor forward(Tensor q, Tensor k, Tensor v, Tensor entry) {
        spec.require(q, k, v);
        int d = spec.headWidth();
        int batch = q.dim(0);
        int queries = q.dim(1);
        int keys = k.dim(1);
        Tensor y = device.activations(batch, queries, spec.width());
        device.add(new KernelOp(device.gpu(), "attention_d" + d, geometry(d, queries, batch),
                4L * batch * spec.heads() * queries * keys * d)
                .in(q).with(q.rowStride())
                .in(k).with(k.rowStride(), keys * k.rowStride())
                .in(v).with(v.rowStride(), keys * v.rowStride())
                .in(entry)
                .out(y).with(y.rowStride(), queries, keys, (float) (1 / Math.sqrt(d)), spec.causal()));
        return y;
    }

    private Geometry geometry(int d, int queries, int batch) {
        if (d == WIDE_HEAD) {
            return new Geometry((int) Geometry.ceilDiv(queries, 32), spec.heads(), batch, 256, 0);
        }
        int rows = d <= 64 ? 128 : 64;
        int keysATile = d <= 96 ? 64 : 32;
        return new Geometry((int) Geometry.ceilDiv(queries, rows), spec.heads(), batch, 128, 8 * keysATile * d);
    }
}
