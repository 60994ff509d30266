package org.diffusionclassifier.device.cpu;

import static org.bytedeco.dnnl.global.dnnl.*;
import static org.diffusionclassifier.device.cpu.dnnl.OneDnn.check;

import java.util.List;
import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_post_ops;
import org.bytedeco.dnnl.dnnl_primitive_desc;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.device.cpu.dnnl.Descriptors;
import org.diffusionclassifier.device.cpu.dnnl.DnnlOp;
import org.diffusionclassifier.device.cpu.dnnl.Primitive;
import org.diffusionclassifier.tensor.DType;

/**
 * What a diffusion transformer does by image, an image at a time: oneDNN's layer norm, whose gain and bias are the
 * image's 1 + scale and shift, and its product with a row, with the sum behind it in the same pass. (For a batch at once,
 * and for two dimensions instead of a map's four, it has a reference implementation only, 80 times slower.)
 */
final class CpuAdaptive {

    private CpuAdaptive() {
    }

    /** Records {@link org.diffusionclassifier.device.Device#adaptiveNorm}. */
    static Tensor norm(CpuDevice device, Tensor x, Tensor shift, Tensor scale, float epsilon) {
        Tensor gains = device.activations(DType.F32, scale.shape());
        Tensor biases = device.activations(DType.F32, shift.shape());
        device.add(new ToFloats(scale, 1, gains));
        device.add(new ToFloats(shift, 0, biases));
        Tensor y = device.activations(x.shape());
        for (int image = 0; image < x.dim(0); image++) {
            Tensor tokens = x.slice(image, 1);
            try (var descriptors = new Descriptors()) {
                dnnl_memory_desc desc = descriptors.matrix(tokens);
                dnnl_memory_desc row = descriptors.dense(DType.F32, x.width());
                var descriptor = new dnnl_primitive_desc();
                String name = "adaptive norm " + tokens;
                check(dnnl_layer_normalization_forward_primitive_desc_create(descriptor, device.oneDnn().engine(),
                        dnnl_forward_inference, desc, desc, descriptors.dense(DType.F32, tokens.rows()), epsilon,
                        dnnl_use_scale | dnnl_use_shift, descriptors.attributes(descriptors.postOps())), name);
                device.add(DnnlOp.of(device.oneDnn(), name, 0, descriptor)
                        .reads(DNNL_ARG_SRC, desc, tokens)
                        .reads(DNNL_ARG_SCALE, row, gains.slice(image, 1))
                        .reads(DNNL_ARG_SHIFT, row, biases.slice(image, 1))
                        .writes(DNNL_ARG_DST, desc, y.slice(image, 1)));
            }
        }
        return y;
    }

    /** Records {@link org.diffusionclassifier.device.Device#gatedSum}. */
    static Tensor gatedSum(CpuDevice device, Tensor x, Tensor gate, Tensor z) {
        Tensor y = device.activations(x.shape());
        for (int image = 0; image < x.dim(0); image++) {
            Tensor addend = x.slice(image, 1);
            Tensor row = gate.slice(image, 1);
            try (var descriptors = new Descriptors()) {
                dnnl_memory_desc map = descriptors.image(addend);
                dnnl_memory_desc rowDesc = descriptors.image(row.reshape(1, 1, 1, row.width()));
                dnnl_post_ops postOps = descriptors.postOps();
                check(dnnl_post_ops_append_binary(postOps, dnnl_binary_add, map), "append_binary");
                var descriptor = new dnnl_primitive_desc();
                String name = "gated sum " + addend;
                check(dnnl_binary_primitive_desc_create(descriptor, device.oneDnn().engine(), dnnl_binary_mul, map,
                        rowDesc, map, descriptors.attributes(postOps)), name);
                device.add(DnnlOp.of(device.oneDnn(), name, 0, descriptor)
                        .reads(DNNL_ARG_SRC_0, map, z.slice(image, 1))
                        .reads(DNNL_ARG_SRC_1, rowDesc, row)
                        .reads(Primitive.postOpSlot(0), map, addend)
                        .writes(DNNL_ARG_DST, map, y.slice(image, 1)));
            }
        }
        return y;
    }

    /** y = x + constant in float32, over rows: a vector an image. */
    private static final class ToFloats extends HostOp {

        private final Tensor x;
        private final float constant;
        private final Tensor y;
        private Input input;
        private Output output;

        ToFloats(Tensor x, float constant, Tensor y) {
            super("to floats " + x, List.of(x), List.of(y));
            this.x = x;
            this.constant = constant;
            this.y = y;
        }

        @Override
        public void bind() {
            input = new Input(x);
            output = new Output(y);
            output.bind();
        }

        @Override
        public void run() {
            for (int row = 0; row < x.rows(); row++) {
                for (int c = 0; c < x.width(); c++) {
                    output.put(row * x.width() + c, input.get(row * x.rowStride() + c) + constant);
                }
            }
        }
    }
}
