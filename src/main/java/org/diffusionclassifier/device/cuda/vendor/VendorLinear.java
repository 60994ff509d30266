package org.diffusionclassifier.device.cuda.vendor;

import java.util.Locale;
import org.diffusionclassifier.device.Activation;
import org.diffusionclassifier.device.Linear;
import org.diffusionclassifier.device.RecordingDevice;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.Weights;

/**
 * A linear layer by cuBLAS. Where nothing follows the product, it is the layer's output; otherwise it is float32, and
 * {@code finish} of {@code vendor.cu} adds, activates and rounds once.
 */
final class VendorLinear implements Linear {

    private final VendorLayers layers;
    private final RecordingDevice device;
    private final Spec spec;
    private final Tensor weight;
    private final Tensor bias;

    VendorLinear(VendorLayers layers, Spec spec, Weights... parts) {
        this.layers = layers;
        this.device = layers.device().recording();
        this.spec = spec;
        int part = (spec.activation() == Activation.GEGLU ? 2 * spec.out() : spec.out()) / parts.length;
        weight = device.tensor(device.dtype(), parts.length * part, spec.in());
        bias = spec.bias() ? device.tensor(DType.F32, parts.length, part) : null;
        for (int i = 0; i < parts.length; i++) {
            device.write(weight.slice(i * part, part), parts[i].floats("weight", part, spec.in()));
        }
        for (int i = 0; spec.bias() && i < parts.length; i++) {
            device.write(bias.slice(i, 1), parts[i].floats("bias", part));
        }
    }

    @Override
    public Tensor forward(Tensor x, Tensor residual) {
        Tensor y = device.activations(spec.outputShape(x, residual));
        if (bias == null && residual == null && spec.activation() == Activation.NONE) {
            device.add(new GemmOp(layers, x, weight, y));
            return y;
        }
        Tensor product = device.activations(DType.F32, x.rows(), weight.dim(0));
        device.add(new GemmOp(layers, x, weight, product));
        layers.device().launch("finish_" + spec.activation().name().toLowerCase(Locale.ROOT),
                VendorDevice.threads(x.rows(), spec.out()), y,
                product, bias, residual, residual == null ? 0 : residual.rowStride(), y, x.rows(), spec.out());
        return y;
    }

    @Override
    public void close() {
        device.release(weight);
        if (bias != null) {
            device.release(bias);
        }
    }
}
