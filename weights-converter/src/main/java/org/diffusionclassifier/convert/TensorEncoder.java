package org.diffusionclassifier.convert;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import org.diffusionclassifier.checkpoint.TensorSpec;
import org.diffusionclassifier.safetensors.SafetensorsWriter;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.Filters;
import org.diffusionclassifier.tensor.FloatFormats;
import org.diffusionclassifier.tensor.Weights;

/**
 * Makes of one tensor after another the bytes that a model file has: of the file's type, filters channels-last. It goes
 * a few megabytes at a time. Bytes that are of that type already are only copied, and looked over for what is no number.
 */
final class TensorEncoder {

    /** Elements at a time: few enough for a processor's second-level cache to hold them several times over. */
    private static final int CHUNK = 1 << 18;

    private final DType dtype;
    private ByteBuffer stored = direct(0);
    private ByteBuffer encoded = direct(0);
    private float[] floats = new float[0];
    private float[] turnedFloats = new float[0];
    private short[] shorts = new short[0];
    private short[] turnedShorts = new short[0];
    private long overflowed;
    private long notFinite;

    /** @param dtype F32, F16 or BF16 */
    TensorEncoder(DType dtype) {
        this.dtype = dtype;
    }

    /**
     * Puts a tensor's bytes into {@code sink}.
     *
     * @param tensor one of {@code weights}, which have it in this shape or channels-last
     */
    void encode(Weights weights, TensorSpec tensor, SafetensorsWriter.Sink sink) throws IOException {
        overflowed = 0;
        notFinite = 0;
        int pixels = tensor.isFilter() && !weights.channelsLast() ? tensor.shape().get(2) * tensor.shape().get(3) : 1;
        int in = pixels == 1 ? 1 : tensor.shape().get(1);
        int filter = Math.multiplyExact(in, pixels);
        int most = Math.max(1, CHUNK / filter) * filter;
        for (long first = 0; first < tensor.elements(); first += most) {
            int count = (int) Math.min(most, tensor.elements() - first);
            ByteBuffer bytes = chunk(weights, tensor.name(), first, count);
            if (pixels > 1) {
                turn(bytes, count / filter, in, pixels);
            }
            sink.put(bytes);
        }
    }

    /** Of the last tensor: how many finite values are beyond the type's largest, which they became. */
    long overflowed() {
        return overflowed;
    }

    /** Of the last tensor: how many values are NaN or infinite. */
    long notFinite() {
        return notFinite;
    }

    /** Elements of a tensor as the file has them, but in the order in which they were stored. */
    private ByteBuffer chunk(Weights weights, String name, long first, int count) {
        DType from = weights.dtype(name);
        stored = filled(stored, count * from.bytes());
        if (from == dtype) {
            weights.readStored(name, first, stored);
            stored.flip();
            if (FloatFormats.hasNotFinite(dtype, stored)) {
                notFinite += FloatFormats.countNotFinite(dtype, stored);
            }
            return stored;
        }
        if (floats.length < count) {
            floats = new float[count];
        }
        weights.requireFloats(name);
        weights.readStored(name, first, stored);
        FloatFormats.decode(from, stored.flip(), FloatBuffer.wrap(floats));
        encoded = filled(encoded, count * dtype.bytes());
        notFinite += FloatFormats.countNotFinite(floats, count);
        overflowed += FloatFormats.encodeSaturating(dtype, floats, count, encoded);
        return encoded;
    }

    private void turn(ByteBuffer bytes, int filters, int in, int pixels) {
        int count = filters * in * pixels;
        if (dtype == DType.F32) {
            if (turnedFloats.length < count) {
                floats = new float[Math.max(count, floats.length)];
                turnedFloats = new float[count];
            }
            bytes.asFloatBuffer().get(floats, 0, count);
            Filters.toChannelsLast(floats, turnedFloats, filters, in, pixels);
            bytes.asFloatBuffer().put(turnedFloats, 0, count);
        } else {
            if (turnedShorts.length < count) {
                shorts = new short[count];
                turnedShorts = new short[count];
            }
            bytes.asShortBuffer().get(shorts, 0, count);
            Filters.toChannelsLast(shorts, turnedShorts, filters, in, pixels);
            bytes.asShortBuffer().put(turnedShorts, 0, count);
        }
    }

    private static ByteBuffer filled(ByteBuffer buffer, int bytes) {
        ByteBuffer large = buffer.capacity() < bytes ? direct(bytes) : buffer;
        return large.clear().limit(bytes);
    }

    private static ByteBuffer direct(int bytes) {
        return ByteBuffer.allocateDirect(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }
}
