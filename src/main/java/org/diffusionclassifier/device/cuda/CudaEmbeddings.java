package org.diffusionclassifier.device.cuda;

import org.diffusionclassifier.device.Embedding;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.device.cuda.KernelOp.Geometry;
import org.diffusionclassifier.tensor.Weights;

/** Embeddings by {@code embedding.cu}; tables are float16. */
final class CudaEmbeddings {

    private static final int BLOCK = 256;

    private CudaEmbeddings() {
    }

    /** Token plus position embedding. */
    static final class Token implements Embedding {

        private final CudaDevice device;
        private final Tensor tokens;
        private final Tensor positions;

        Token(CudaDevice device, int vocabulary, int positions, int width, Weights weights) {
            this.device = device;
            this.tokens = table(device, weights, "token_embedding.weight", vocabulary, width);
            this.positions = table(device, weights, "position_embedding.weight", positions, width);
        }

        private static Tensor table(CudaDevice device, Weights weights, String name, int rows, int width) {
            Tensor table = device.tensor(device.dtype(), rows, width);
            device.write(table, weights.floats(name, rows, width));
            return table;
        }

        @Override
        public Tensor forward(Tensor ids) {
            int length = ids.dim(1);
            int width = tokens.width();
            if (length > positions.dim(0)) {
                throw new IllegalArgumentException(length + " tokens, but " + positions.dim(0) + " positions");
            }
            Tensor y = device.activations(ids.dim(0), length, width);
            device.add(new KernelOp(device.gpu(), "token_embedding",
                    Geometry.of(Geometry.ceilDiv(y.elements(), BLOCK), 1, BLOCK), 0)
                    .in(ids).in(tokens).in(positions).out(y).with(y.rows(), length, width));
            return y;
        }

        @Override
        public void close() {
            device.release(tokens);
            device.release(positions);
        }
    }

    static Tensor time(CudaDevice device, Tensor times, int width, boolean cosineFirst, float shift) {
        if (width % 2 != 0) {
            throw new IllegalArgumentException("timestep embedding of odd width " + width);
        }
        Tensor y = device.activations(times.dim(0), width);
        device.add(new KernelOp(device.gpu(), "timestep_embedding",
                Geometry.of(Geometry.ceilDiv(y.elements() / 2, BLOCK), 1, BLOCK), 0)
                .in(times).out(y).with(times.dim(0), width, cosineFirst, shift));
        return y;
    }
}
