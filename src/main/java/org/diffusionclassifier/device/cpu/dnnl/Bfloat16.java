package org.diffusionclassifier.device.cpu.dnnl;

import static org.bytedeco.dnnl.global.dnnl.*;

import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_primitive_desc;
import org.diffusionclassifier.device.Activation;
import org.diffusionclassifier.platform.Platform;
import org.diffusionclassifier.tensor.DType;

/** Whether oneDNN has all the primitives in bfloat16, natively or not, that our layers are made of. */
final class Bfloat16 {

    private static final int CHANNELS = 64;

    private Bfloat16() {
    }

    /** Made when it is first asked for. */
    private static final class Found {

        private static final boolean ALL = Platform.ofSystem().arch().equals("x86_64") ? onX86() : elsewhere();
    }

    static boolean isComplete() {
        return Found.ALL;
    }

    /** With AVX-512 alone they are there, by conversion to float32 and back. */
    private static boolean onX86() {
        return (dnnl_get_effective_cpu_isa() & dnnl_cpu_isa_avx512_core) == dnnl_cpu_isa_avx512_core;
    }

    /** On arm64 that depends on the processor and on the library's build: one of each kind is asked for. */
    private static boolean elsewhere() {
        try (var oneDnn = new OneDnn(); var descriptors = new Descriptors()) {
            return hasProduct(oneDnn, descriptors) && hasConvolution(oneDnn, descriptors)
                    && hasSoftmax(oneDnn, descriptors) && hasNorm(oneDnn, descriptors);
        }
    }

    private static boolean hasProduct(OneDnn oneDnn, Descriptors descriptors) {
        var postOps = descriptors.postOps();
        Descriptors.append(postOps, Activation.GELU);
        dnnl_memory_desc x = descriptors.dense(DType.BF16, CHANNELS, CHANNELS);
        return made(descriptor -> dnnl_matmul_primitive_desc_create(descriptor, oneDnn.engine(), x,
                descriptors.any(DType.BF16, CHANNELS, CHANNELS), descriptors.dense(DType.F32, 1, CHANNELS), x,
                descriptors.attributes(postOps)));
    }

    private static boolean hasConvolution(OneDnn oneDnn, Descriptors descriptors) {
        long side = 8;
        dnnl_memory_desc x = descriptors.strided(DType.BF16, new long[] {1, CHANNELS, side, side},
                new long[] {side * side * CHANNELS, 1, side * CHANNELS, CHANNELS});
        long[] ones = {1, 1};
        return made(descriptor -> dnnl_convolution_forward_primitive_desc_create(descriptor, oneDnn.engine(),
                dnnl_forward_inference, dnnl_convolution_direct, x, descriptors.any(DType.BF16, CHANNELS, CHANNELS, 3, 3),
                descriptors.dense(DType.F32, CHANNELS), x, ones, new long[] {0, 0}, ones, ones,
                descriptors.attributes(descriptors.postOps())));
    }

    private static boolean hasSoftmax(OneDnn oneDnn, Descriptors descriptors) {
        return made(descriptor -> dnnl_softmax_forward_primitive_desc_create(descriptor, oneDnn.engine(),
                dnnl_forward_inference, dnnl_softmax_accurate, descriptors.dense(DType.F32, CHANNELS, CHANNELS),
                descriptors.dense(DType.BF16, CHANNELS, CHANNELS), 1,
                descriptors.attributes(descriptors.postOps())));
    }

    private static boolean hasNorm(OneDnn oneDnn, Descriptors descriptors) {
        dnnl_memory_desc x = descriptors.dense(DType.BF16, CHANNELS, CHANNELS);
        return made(descriptor -> dnnl_layer_normalization_forward_primitive_desc_create(descriptor, oneDnn.engine(),
                dnnl_forward_inference, x, x, descriptors.dense(DType.F32, CHANNELS), 1e-5f,
                dnnl_use_scale | dnnl_use_shift, descriptors.attributes(descriptors.postOps())));
    }

    @FunctionalInterface
    private interface Maker {

        /** @return oneDNN's status */
        int make(dnnl_primitive_desc descriptor);
    }

    private static boolean made(Maker maker) {
        var descriptor = new dnnl_primitive_desc();
        if (maker.make(descriptor) != dnnl_success) {
            return false;
        }
        dnnl_primitive_desc_destroy(descriptor);
        return true;
    }
}
