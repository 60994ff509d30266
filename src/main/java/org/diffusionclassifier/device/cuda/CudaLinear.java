package org.diffusionclassifier.device.cuda;

import java.util.function.Supplier;
import org.diffusionclassifier.device.Activation;
import org.diffusionclassifier.device.Linear;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.Weights;

/** A linear layer as one launch; GEGLU's values and gates are interleaved, so that they meet in one thread. */
final class CudaLinear implements Linear {

    private final CudaDevice device;
    private final Spec spec;
    private final Gemm gemm;

    CudaLinear(CudaDevice device, Spec spec, Weights... parts) {
        this.device = device;
        this.spec = spec;
        boolean geglu = spec.activation() == Activation.GEGLU;
        int rows = geglu ? 2 * spec.out() : spec.out();
        Supplier<float[]> values = KernelWeights.source("weight", parts, rows / parts.length, spec.in());
        KernelWeights weights = geglu ? KernelWeights.interleaved(device, values, rows, spec.in())
                : KernelWeights.matrix(device, values, rows, spec.in());
        gemm = new Gemm(device, weights, spec.bias() ? bias(geglu, rows, parts) : null, spec.activation(),
                spec.normalized() && spec.activation() == Activation.NONE);
    }

    private Tensor bias(boolean geglu, int rows, Weights... parts) {
        if (!geglu) {
            return device.parameters("bias", rows, parts);
        }
        float[] values = CudaDevice.floats("bias", parts, rows);
        float[] interleaved = new float[rows];
        for (int row = 0; row < rows; row++) {
            interleaved[KernelWeights.interleavedRow(row, rows)] = values[row];
        }
        Tensor bias = device.tensor(DType.F32, 1, rows);
        device.write(bias, interleaved);
        return bias;
    }

    @Override
    public Tensor forward(Tensor x, Tensor residual) {
        return gemm.record(x, null, residual, device.activations(spec.outputShape(x, residual)));
    }

    @Override
    public void close() {
        gemm.close();
    }
}
