package org.diffusionclassifier.model;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.regex.Pattern;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.Weights;
import org.diffusionclassifier.tensor.WeightsView;

/**
 * An autoencoder's weights such that all sums of its residual blocks are {@code scale} times as large: those of layers that
 * read what a norm wrote are scaled, and of layers that read such sums the bias alone. See {@link VaeEncoder}.
 *
 * @param base stays open
 */
record ScaledResiduals(Weights base, float scale) implements WeightsView {

    private static final Pattern SCALED = Pattern.compile("encoder\\.(conv_in|.+\\.conv[12]|.+\\.to_out\\.0)\\.(weight|bias)"
            + "|encoder\\..+\\.(conv_shortcut|downsamplers\\.0\\.conv)\\.bias");

    private static boolean isScaled(String name) {
        return SCALED.matcher(name).matches();
    }

    @Override
    public void require(String name, int... shape) {
        base.require(name, shape);
    }

    @Override
    public DType dtype(String name) {
        return isScaled(name) ? DType.F32 : base.dtype(name);
    }

    @Override
    public void readStored(String name, long first, ByteBuffer destination) {
        if (!isScaled(name)) {
            base.readStored(name, first, destination);
            return;
        }
        var values = FloatBuffer.allocate(destination.remaining() / Float.BYTES);
        base.read(name, first, values);
        FloatBuffer scaled = destination.order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
        for (float value : values.array()) {
            scaled.put(value * scale);
        }
        destination.position(destination.limit());
    }

    @Override
    public void close() {
    }
}
