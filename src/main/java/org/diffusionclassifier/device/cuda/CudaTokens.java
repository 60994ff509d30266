package org.diffusionclassifier.device.cuda;

import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.device.cuda.driver.Geometry;
import org.diffusionclassifier.device.cuda.driver.KernelFacts;
import org.diffusionclassifier.device.cuda.driver.KernelOp;
import org.diffusionclassifier.tensor.InputException;

/** Tokens put together and taken apart by {@code tokens.cu}, and T5's attention by {@code attention_biased.cu}. */
final class CudaTokens {

    private static final int COLUMNS_A_THREAD = 8;

    private CudaTokens() {
    }

    /** Tokens {@code from} to {@code from + count} of each image of x become those of y from {@code to} on. */
    static void copy(CudaDevice device, Tensor x, int from, Tensor y, int to, int count) {
        KernelFacts kernel = device.gpu().kernel("copy_tokens");
        device.add(device.launch(kernel, kernel.grid(kernel.blocks((long) count * x.width()), x.dim(0)))
                .in(x).with(x.rowStride(), x.dim(1), from).out(y).with(y.dim(1), to, count, x.width())
                .moving(2L * x.dim(0) * count * x.width() * x.type().bytes()));
    }

    /** @param shape of the result */
    static Tensor biasedAttention(CudaDevice device, Tensor q, Tensor k, Tensor v, Tensor bias, int[] shape) {
        int heads = bias.dim(0);
        int length = q.dim(1);
        int d = q.width() / heads;
        if ((d | q.rowStride() | k.rowStride() | v.rowStride()) % COLUMNS_A_THREAD != 0) {
            throw InputException.of("attention heads of %d columns with a bias: expected a multiple of %d; with %s cpu any",
                    d, COLUMNS_A_THREAD, InputException.field("device"));
        }
        Tensor y = device.activations(shape);
        KernelFacts kernel = device.gpu().kernel("attention_biased");
        int warps = kernel.tile(0);
        var geometry = new Geometry(kernel.blocks(length), heads, q.dim(0), kernel.threads(),
                warps * (length + d) * Float.BYTES);
        long flops = 4L * q.rows() * length * q.width();
        device.add(new KernelOp(device.gpu(), kernel, geometry, flops)
                .in(q).with(q.rowStride()).in(k).with(k.rowStride()).in(v).with(v.rowStride()).in(bias)
                .out(y).with(length, d));
        return y;
    }
}
