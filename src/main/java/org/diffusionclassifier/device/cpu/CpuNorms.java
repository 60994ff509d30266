package org.diffusionclassifier.device.cpu;

import static org.bytedeco.dnnl.global.dnnl.*;
import static org.diffusionclassifier.device.cpu.OneDnn.check;

import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_post_ops;
import org.bytedeco.dnnl.dnnl_primitive_desc;
import org.bytedeco.javacpp.PointerPointer;
import org.diffusionclassifier.device.Activation;
import org.diffusionclassifier.device.GroupNorm;
import org.diffusionclassifier.device.LayerNorm;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.weights.DType;
import org.diffusionclassifier.weights.Weights;

/** Group and layer normalisation by oneDNN's primitives, statistics in float32. */
final class CpuNorms {

    private static final int AFFINE = dnnl_use_scale | dnnl_use_shift;

    private CpuNorms() {
    }

    /** SiLU is a post-operation; two inputs are first laid side by side. */
    static final class Group implements GroupNorm {

        private final CpuDevice device;
        private final Spec spec;
        private final Tensor scale;
        private final Tensor shift;

        Group(CpuDevice device, Spec spec, Weights source) {
            this.device = device;
            this.spec = spec;
            this.scale = device.parameters("weight", spec.channels(), source);
            this.shift = device.parameters("bias", spec.channels(), source);
        }

        @Override
        public Tensor forward(Tensor x, Tensor skip) {
            spec.require(x, skip);
            Tensor input = skip == null ? x : sideBySide(x, skip);
            Tensor y = device.activations(input.shape());
            try (var descriptors = new Descriptors()) {
                dnnl_post_ops postOps = descriptors.postOps();
                Descriptors.append(postOps, spec.silu() ? Activation.SILU : Activation.NONE);
                dnnl_memory_desc xDesc = descriptors.image(input);
                dnnl_memory_desc yDesc = descriptors.image(y);
                dnnl_memory_desc scaleDesc = descriptors.dense(DType.F32, spec.channels());
                var descriptor = new dnnl_primitive_desc();
                String name = "group norm " + input;
                check(dnnl_group_normalization_forward_primitive_desc_create(descriptor, device.oneDnn().engine(),
                        dnnl_forward_inference, xDesc, yDesc, spec.groups(), spec.epsilon(), AFFINE,
                        descriptors.attributes(postOps)), name);
                device.add(DnnlOp.of(device.oneDnn(), name, 0, descriptor)
                        .reads(DNNL_ARG_SRC, xDesc, input)
                        .reads(DNNL_ARG_SCALE, scaleDesc, scale)
                        .reads(DNNL_ARG_SHIFT, scaleDesc, shift)
                        .writes(DNNL_ARG_DST, yDesc, y));
            }
            return y;
        }

        @Override
        public void close() {
            device.release(scale);
            device.release(shift);
        }

        private Tensor sideBySide(Tensor x, Tensor skip) {
            int[] shape = x.shape();
            shape[shape.length - 1] = x.width() + skip.width();
            Tensor y = device.activations(shape);
            try (var descriptors = new Descriptors(); var inputs = new PointerPointer<dnnl_memory_desc>(2)) {
                dnnl_memory_desc xDesc = descriptors.matrix(x);
                dnnl_memory_desc skipDesc = descriptors.matrix(skip);
                dnnl_memory_desc yDesc = descriptors.matrix(y);
                var descriptor = new PointerPointer<dnnl_primitive_desc>(1);
                inputs.put(0, xDesc).put(1, skipDesc);
                check(dnnl_concat_primitive_desc_create(descriptor, device.oneDnn().engine(), yDesc, 2, 1, inputs,
                        descriptors.attributes(descriptors.postOps())), "concat");
                device.add(DnnlOp.of(device.oneDnn(), "concat " + x + " " + skip, 0,
                                descriptor.get(dnnl_primitive_desc.class, 0))
                        .reads(DNNL_ARG_MULTIPLE_SRC, xDesc, x)
                        .reads(DNNL_ARG_MULTIPLE_SRC + 1, skipDesc, skip)
                        .writes(DNNL_ARG_DST, yDesc, y));
                descriptor.close();
            }
            return y;
        }
    }

    static final class Layer implements LayerNorm {

        private final CpuDevice device;
        private final float epsilon;
        private final Tensor scale;
        private final Tensor shift;

        Layer(CpuDevice device, int channels, float epsilon, Weights source) {
            this.device = device;
            this.epsilon = epsilon;
            this.scale = device.parameters("weight", channels, source);
            this.shift = device.parameters("bias", channels, source);
        }

        @Override
        public Tensor forward(Tensor x) {
            // oneDNN accepts strided rows, and then reads them as if they were dense.
            if (x.width() != scale.width() || !x.isDense()) {
                throw new IllegalArgumentException("layer norm over " + scale.width() + " channels of " + x);
            }
            Tensor y = device.activations(x.shape());
            try (var descriptors = new Descriptors()) {
                dnnl_memory_desc xDesc = descriptors.matrix(x);
                dnnl_memory_desc yDesc = descriptors.matrix(y);
                dnnl_memory_desc scaleDesc = descriptors.dense(DType.F32, scale.width());
                dnnl_memory_desc statistics = descriptors.dense(DType.F32, x.rows());
                var descriptor = new dnnl_primitive_desc();
                String name = "layer norm " + x;
                check(dnnl_layer_normalization_forward_primitive_desc_create(descriptor, device.oneDnn().engine(),
                        dnnl_forward_inference, xDesc, yDesc, statistics, epsilon, AFFINE,
                        descriptors.attributes(descriptors.postOps())), name);
                device.add(DnnlOp.of(device.oneDnn(), name, 0, descriptor)
                        .reads(DNNL_ARG_SRC, xDesc, x)
                        .reads(DNNL_ARG_SCALE, scaleDesc, scale)
                        .reads(DNNL_ARG_SHIFT, scaleDesc, shift)
                        .writes(DNNL_ARG_DST, yDesc, y));
            }
            return y;
        }

        @Override
        public void close() {
            device.release(scale);
            device.release(shift);
        }
    }
}
