package org.diffusionclassifier.device.cpu;

import java.nio.FloatBuffer;
import java.util.List;
import org.diffusionclassifier.device.Tensor;

/** y = (x − shift) · factor in double precision, rounded to float32: for latents, a few thousand numbers an image. */
final class CpuAffine extends HostOp {

    private final Tensor x;
    private final double shift;
    private final double factor;
    private final Tensor y;
    private Input input;
    private FloatBuffer output;

    /** @param y float32, dense, of x's shape */
    CpuAffine(Tensor x, double shift, double factor, Tensor y) {
        super("affine " + x, List.of(x), List.of(y));
        this.x = x;
        this.shift = shift;
        this.factor = factor;
        this.y = y;
    }

    @Override
    public void bind() {
        input = new Input(x);
        output = floats(y);
    }

    @Override
    public void run() {
        for (int row = 0; row < x.rows(); row++) {
            for (int c = 0; c < x.width(); c++) {
                output.put(row * x.width() + c, (float) ((input.get(row * x.rowStride() + c) - shift) * factor));
            }
        }
    }
}
