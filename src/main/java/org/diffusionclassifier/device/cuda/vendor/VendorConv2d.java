package org.diffusionclassifier.device.cuda.vendor;

import java.nio.FloatBuffer;
import org.diffusionclassifier.device.Conv2d;
import org.diffusionclassifier.device.RecordingDevice;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.Weights;

/**
 * A convolution by cuDNN, which adds the bias and a tensor of y's size itself. Where the layer wants more,
 * {@code vendor.cu} makes the operands: {@code arrange} an input that is doubled, padded on one side, of two parts, or
 * whose channels are no multiple of 8; {@code spread} an addend of one row an image. All of cuDNN's operands have one
 * type, so for a float32 output both make float32.
 */
final class VendorConv2d implements Conv2d {

    /** Channels are filled up with zeros to a multiple: 16 bytes, which cuDNN's tensor-core kernels load at once. */
    private static final int CHANNELS = 8;

    private final VendorLayers layers;
    private final RecordingDevice device;
    private final Spec spec;
    private final DType type;
    private final Tensor filters;
    private final Tensor bias;

    VendorConv2d(VendorLayers layers, Spec spec, Weights weights) {
        this.layers = layers;
        this.device = layers.device().recording();
        this.spec = spec;
        this.type = spec.floatOutput() ? DType.F32 : device.dtype();
        int inputs = spec.in() + spec.concat();
        int size = spec.kernel();
        var values = FloatBuffer.allocate(spec.out() * inputs * size * size);
        weights.readFilters("weight", spec.out(), inputs, size, values);
        float[] biases = weights.floats("bias", spec.out());
        int channels = (inputs + CHANNELS - 1) / CHANNELS * CHANNELS;
        filters = device.tensor(type, spec.out(), size, size, channels);
        device.write(filters, padded(values.array(), inputs, channels));
        bias = device.tensor(type, 1, spec.out());
        device.write(bias, biases);
    }

    /** [.., in] as [.., channels], filled up with zeros. */
    private static float[] padded(float[] values, int in, int channels) {
        float[] packed = new float[values.length / in * channels];
        for (int from = 0, to = 0; from < values.length; from += in, to += channels) {
            System.arraycopy(values, from, packed, to, in);
        }
        return packed;
    }

    @Override
    public Tensor forward(Tensor x, Tensor skip, Tensor addend) {
        int[] shape = spec.outputShape(x, skip, addend);
        Tensor image = x.rank() == 4 ? x : x.reshape(1, 1, x.rows(), x.width());
        Tensor y = device.activations(type, x.rank() == 4 ? shape : new int[] {1, 1, x.rows(), spec.out()});
        Tensor z = addend == null ? null : addend(addend, y);
        Tensor input = arranged(image, skip);
        device.add(new ConvolutionOp(layers, spec, input, filters, bias, z, y));
        return x.rank() == 4 ? y : y.reshape(shape);
    }

    /** The input as cuDNN takes it: {@code x} itself where it can. */
    private Tensor arranged(Tensor x, Tensor skip) {
        int scale = spec.upsample() ? 2 : 1;
        int beyond = spec.kernel() == 3 && spec.padding() == Padding.BOTTOM_RIGHT ? 1 : 0;
        int channels = filters.width();
        if (scale == 1 && beyond == 0 && channels == spec.in() && type == x.type()) {
            return x;
        }
        int height = scale * x.dim(1) + beyond;
        int width = scale * x.dim(2) + beyond;
        Tensor z = device.activations(type, x.dim(0), height, width, channels);
        layers.device().launch("arrange" + suffix(), VendorDevice.threads(z.rows(), channels), z,
                x, spec.in(), skip, spec.concat(), z, x.dim(0), x.dim(1), x.dim(2), height, width, channels, scale);
        return z;
    }

    /** The addend as cuDNN takes it: with y's shape and type, in y's own memory if it has to be made. */
    private Tensor addend(Tensor addend, Tensor y) {
        if (!spec.isPerImage(addend) && addend.type() == y.type()) {
            return addend;
        }
        int rows = y.rows() / addend.rows();
        layers.device().launch("spread" + suffix(), VendorDevice.threads(y.rows(), spec.out()), y,
                addend, addend.rowStride(), rows, y, y.rows(), spec.out());
        return y;
    }

    private String suffix() {
        return type == DType.F32 ? "_float" : "";
    }

    @Override
    public void close() {
        device.release(filters);
        device.release(bias);
    }
}
