package org.diffusionclassifier.device.cuda;

import org.diffusionclassifier.device.RmsNorm;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.device.cuda.driver.KernelFacts;
import org.diffusionclassifier.tensor.Weights;

/** Root mean square normalisation by {@code rmsnorm.cu}: as many lanes of a warp a group as its columns take. */
final class CudaRmsNorm implements RmsNorm {

    private static final int COLUMNS_A_LANE = 8;
    private static final int MOST_LANES = 32;

    private final CudaDevice device;
    private final Spec spec;
    private final Tensor scale;

    CudaRmsNorm(CudaDevice device, Spec spec, Weights source) {
        this.device = device;
        this.spec = spec;
        this.scale = device.parameters("weight", spec.channels(), source);
    }

    @Override
    public Tensor forward(Tensor x) {
        Tensor y = device.activations(spec.outputShape(x));
        int groups = x.width() / spec.channels();
        boolean vectors = (spec.channels() | x.rowStride()) % COLUMNS_A_LANE == 0;
        KernelFacts kernel = device.gpu().kernel(vectors ? "rms_norm" : "rms_norm_any");
        int chunks = vectors ? spec.channels() / COLUMNS_A_LANE : spec.channels();
        int lanes = Math.min(MOST_LANES, Integer.highestOneBit(chunks));
        device.add(device.launch(kernel, kernel.grid(kernel.blocks((long) x.rows() * groups * lanes), 1))
                .in(x).with(x.rowStride()).in(scale).with(spec.epsilon()).out(y)
                .with(x.rows(), groups, spec.channels(), lanes));
        return y;
    }

    @Override
    public void close() {
        device.release(scale);
    }
}
