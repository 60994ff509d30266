package org.diffusionclassifier.device.cuda;

import java.nio.FloatBuffer;
import java.nio.ShortBuffer;
import jcuda.driver.CUevent;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.device.cuda.driver.Gpu;
import org.diffusionclassifier.device.cuda.driver.Staging;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.FloatFormats;

/** Values between Java's arrays and tensors of a card, through {@link Staging}'s memory, in which 16-bit types are rounded. */
final class Transfers {

    private final Gpu gpu;

    Transfers(Gpu gpu) {
        this.gpu = gpu;
    }

    void write(Tensor destination, float[] values) {
        gpu.staging().upload(destination.address(), values.length, destination.type().bytes(),
                rounding(destination.type(), values));
    }

    /** Likewise, but kernels that need the values have to wait for {@code done}. */
    void write(Tensor destination, float[] values, CUevent done) {
        gpu.staging().upload(destination.address(), values.length, destination.type().bytes(),
                rounding(destination.type(), values), done);
    }

    private static Staging.Source rounding(DType type, float[] values) {
        if (type == DType.F32) {
            return (slot, first, count) -> slot.asFloatBuffer().put(values, first, count);
        }
        return (slot, first, count) -> {
            ShortBuffer halves = slot.asShortBuffer();
            for (int i = 0; i < count; i++) {
                float value = values[first + i];
                halves.put(i, type == DType.BF16 ? FloatFormats.toBF16(value) : FloatFormats.toF16(value));
            }
        };
    }

    void write(Tensor destination, int[] values) {
        gpu.staging().upload(destination.address(), values.length, Integer.BYTES,
                (slot, first, count) -> slot.asIntBuffer().put(values, first, count));
    }

    /** The values of a tensor in row-major order, its rows any distance apart. */
    float[] read(Tensor source) {
        DType type = source.type();
        int width = source.width();
        int stride = source.rowStride();
        float[] values = new float[Math.toIntExact(source.elements())];
        int spanned = Math.addExact(Math.multiplyExact(source.rows() - 1, stride), width);
        gpu.staging().download(source.address(), spanned, type.bytes(), (slot, first, count) -> {
            FloatBuffer floats = slot.asFloatBuffer();
            ShortBuffer halves = slot.asShortBuffer();
            for (int i = 0; i < count; i++) {
                int row = (first + i) / stride;
                int column = (first + i) % stride;
                if (column < width) {
                    values[row * width + column] = switch (type) {
                        case F32 -> floats.get(i);
                        case BF16 -> FloatFormats.fromBF16(halves.get(i));
                        default -> FloatFormats.fromF16(halves.get(i));
                    };
                }
            }
        });
        return values;
    }
}
