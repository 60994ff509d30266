package org.diffusionclassifier.device.cpu;

import java.util.ArrayList;
import java.util.List;
import org.diffusionclassifier.device.Activation;
import org.diffusionclassifier.device.Linear;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.device.cpu.MatrixProduct.Then;
import org.diffusionclassifier.tensor.Weights;

/**
 * A linear layer as one matrix product, with bias, activation and residual in its epilogue. GEGLU takes two: the values
 * first, then the gates, whose epilogue multiplies by the values.
 */
final class CpuLinear implements Linear {

    private final CpuDevice device;
    private final Spec spec;
    private final LayerWeights weights;
    private final Tensor bias;
    private final List<MatrixProduct> products = new ArrayList<>();

    CpuLinear(CpuDevice device, Spec spec, Weights... parts) {
        this.device = device;
        this.spec = spec;
        boolean geglu = spec.activation() == Activation.GEGLU;
        int rows = geglu ? 2 * spec.out() : spec.out();
        weights = LayerWeights.matrices(device, parts, rows / parts.length, spec.in());
        List<PackedWeights> matrices = new ArrayList<>();
        for (int i = 0; i < rows / spec.out(); i++) {
            matrices.add(weights.matrix((long) i * spec.out() * spec.in(), spec.in(), spec.out(), spec.in()));
        }
        weights.load();
        this.bias = spec.bias() ? device.parameters("bias", rows, parts) : null;
        for (int i = 0; i < matrices.size(); i++) {
            Tensor part = bias == null ? null : bias.columns(i * spec.out(), spec.out());
            products.add(new MatrixProduct(device, matrices.get(i), part, activation(i)));
        }
    }

    private Activation activation(int product) {
        if (spec.activation() != Activation.GEGLU) {
            return spec.activation();
        }
        return product == 0 ? Activation.NONE : Activation.GELU;
    }

    @Override
    public Tensor forward(Tensor x, Tensor residual) {
        int[] shape = spec.outputShape(x, residual);
        if (spec.activation() != Activation.GEGLU) {
            Tensor y = device.activations(shape);
            products.get(0).record(x, y, residual == null ? Then.NOTHING : Then.ADD, residual);
            return y;
        }
        Tensor values = device.activations(shape);
        products.get(0).record(x, values, Then.NOTHING, null);
        Tensor y = device.activations(shape);
        products.get(1).record(x, y, Then.MULTIPLY, values);
        return y;
    }

    @Override
    public void close() {
        weights.close();
        if (bias != null) {
            device.release(bias);
        }
    }
}
