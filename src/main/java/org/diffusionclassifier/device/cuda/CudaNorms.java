package org.diffusionclassifier.device.cuda;

import org.diffusionclassifier.device.GroupNorm;
import org.diffusionclassifier.device.LayerNorm;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.device.cuda.KernelOp.Geometry;
import org.diffusionclassifier.weights.DType;
import org.diffusionclassifier.weights.Weights;

/** Normalisations by {@code groupnorm.cu} and {@code layernorm.cu}. */
final class CudaNorms {

    private CudaNorms() {
    }

    /** Sums of slabs of pixels first, then every element with the sums of all slabs. */
    static final class Group implements GroupNorm {

        private static final int BLOCK = 256;
        private static final int SLAB = 16384;
        private static final int MOST_SLABS = 32;

        private final CudaDevice device;
        private final Spec spec;
        private final Tensor scale;
        private final Tensor shift;

        Group(CudaDevice device, Spec spec, Weights source) {
            this.device = device;
            this.spec = spec;
            this.scale = device.parameters("weight", spec.channels(), source);
            this.shift = device.parameters("bias", spec.channels(), source);
        }

        @Override
        public Tensor forward(Tensor x, Tensor skip) {
            spec.require(x, skip);
            int skipWidth = skip == null ? 0 : skip.width();
            int batch = x.dim(0);
            int pixels = x.rows() / batch;
            long elements = (long) pixels * spec.channels();
            int slabs = (int) Math.min(MOST_SLABS, Geometry.ceilDiv(elements, SLAB));
            Tensor sums = device.activations(DType.F32, batch, slabs, spec.groups(), 2);
            device.add(new KernelOp(device.gpu(), "groupnorm_stats", Geometry.of(slabs, batch, BLOCK), 0)
                    .in(x).with(x.width()).in(skip).with(skipWidth).out(sums).with(pixels, spec.groups()));
            int[] shape = x.shape();
            shape[shape.length - 1] = spec.channels();
            Tensor y = device.activations(shape);
            device.add(new KernelOp(device.gpu(), "groupnorm_apply",
                    Geometry.of(Geometry.ceilDiv(elements, SLAB), batch, BLOCK), 0)
                    .in(x).with(x.width()).in(skip).with(skipWidth).in(sums).with(slabs).in(scale).in(shift).out(y)
                    .with(pixels, spec.groups(), spec.epsilon(), spec.silu()));
            return y;
        }

        @Override
        public void close() {
            device.release(scale);
            device.release(shift);
        }
    }

    /** A warp a row. */
    static final class Layer implements LayerNorm {

        private static final int BLOCK = 128;
        private static final int ROWS_A_BLOCK = 4;
        private static final int WIDEST_IN_REGISTERS = 2048;

        private final CudaDevice device;
        private final float epsilon;
        private final Tensor scale;
        private final Tensor shift;

        Layer(CudaDevice device, int channels, float epsilon, Weights source) {
            this.device = device;
            this.epsilon = epsilon;
            this.scale = device.parameters("weight", channels, source);
            this.shift = device.parameters("bias", channels, source);
        }

        @Override
        public Tensor forward(Tensor x) {
            if (x.width() != scale.width() || !x.isDense()) {
                throw new IllegalArgumentException("layer norm over " + scale.width() + " channels of " + x);
            }
            Tensor y = device.activations(x.shape());
            boolean fast = x.width() % 8 == 0 && x.width() <= WIDEST_IN_REGISTERS;
            device.add(new KernelOp(device.gpu(), fast ? "layernorm" : "layernorm_any",
                    Geometry.of(Geometry.ceilDiv(x.rows(), ROWS_A_BLOCK), 1, BLOCK), 0)
                    .in(x).with(x.rowStride()).in(scale).in(shift).with(epsilon).out(y)
                    .with(y.rowStride(), x.rows(), x.width()));
            return y;
        }

        @Override
        public void close() {
            device.release(scale);
            device.release(shift);
        }
    }
}
