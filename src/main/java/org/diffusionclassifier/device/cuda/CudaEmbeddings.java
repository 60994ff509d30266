package org.diffusionclassifier.device.cuda;

import org.diffusionclassifier.device.Embedding;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.tensor.Weights;

/** Embeddings by {@code embedding.cu}; tables are float16. */
final class CudaEmbeddings {

    private CudaEmbeddings() {
    }

    /** Token plus position embedding. */
    static final class Token implements Embedding {

        private final CudaDevice device;
        private final Spec spec;
        private final Tensor tokens;
        private final Tensor positions;

        Token(CudaDevice device, Spec spec, Weights weights) {
            this.device = device;
            this.spec = spec;
            this.tokens = table(device, weights, "token_embedding.weight", spec.vocabulary(), spec.width());
            this.positions = table(device, weights, "position_embedding.weight", spec.positions(), spec.width());
        }

        private static Tensor table(CudaDevice device, Weights weights, String name, int rows, int width) {
            Tensor table = device.tensor(device.dtype(), rows, width);
            device.write(table, weights.floats(name, rows, width));
            return table;
        }

        @Override
        public Tensor forward(Tensor ids) {
            Tensor y = device.activations(spec.outputShape(ids));
            device.add(device.launch("token_embedding", y.elements())
                    .in(ids).in(tokens).in(positions).out(y).with(y.rows(), ids.dim(1), y.width()));
            return y;
        }

        @Override
        public void close() {
            device.release(tokens);
            device.release(positions);
        }
    }

    /** @param shape of the result */
    static Tensor time(CudaDevice device, Tensor times, int[] shape, boolean cosineFirst, float shift) {
        Tensor y = device.activations(shape);
        device.add(device.launch("timestep_embedding", y.elements() / 2)
                .in(times).out(y).with(y.dim(0), y.width()).with(cosineFirst).with(shift));
        return y;
    }
}
