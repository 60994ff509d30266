package org.diffusionclassifier.device.cpu;

import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.util.List;
import org.diffusionclassifier.device.Embedding;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.Weights;

/** What turns token ids and times into vectors; tables are kept in float32. */
final class CpuEmbeddings {

    private CpuEmbeddings() {
    }

    /** Token plus position embedding. */
    static final class Token implements Embedding {

        private final CpuDevice device;
        private final Spec spec;
        private final Tensor tokens;
        private final Tensor positions;

        Token(CpuDevice device, Spec spec, Weights weights) {
            this.device = device;
            this.spec = spec;
            this.tokens = table(device, weights, "token_embedding.weight", spec.vocabulary(), spec.width());
            this.positions = table(device, weights, "position_embedding.weight", spec.positions(), spec.width());
        }

        private static Tensor table(CpuDevice device, Weights weights, String name, int rows, int width) {
            weights.require(name, rows, width);
            Tensor table = device.tensor(DType.F32, rows, width);
            weights.read(name, HostOp.floats(table));
            return table;
        }

        @Override
        public Tensor forward(Tensor ids) {
            Tensor y = device.activations(spec.outputShape(ids));
            int length = ids.dim(1);
            int width = spec.width();
            var output = new HostOp.Output(y);
            device.add(new HostOp("embedding " + ids, List.of(ids, tokens, positions), List.of(y)) {
                private IntBuffer id;
                private FloatBuffer token;
                private FloatBuffer position;

                @Override
                public void bind() {
                    id = ints(ids);
                    token = floats(tokens);
                    position = floats(positions);
                    output.bind();
                }

                @Override
                public void run() {
                    for (int i = 0; i < id.capacity(); i++) {
                        for (int c = 0; c < width; c++) {
                            output.put(i * width + c,
                                    token.get(id.get(i) * width + c) + position.get(i % length * width + c));
                        }
                    }
                }
            });
            return y;
        }

        @Override
        public void close() {
            device.release(tokens);
            device.release(positions);
        }
    }

    /** Records {@link org.diffusionclassifier.device.Device#timestepEmbedding} into y. */
    static void recordTimes(CpuDevice device, Tensor times, Tensor y, boolean cosineFirst, float shift) {
        int half = y.width() / 2;
        double[] frequencies = new double[half];
        for (int i = 0; i < half; i++) {
            frequencies[i] = Math.exp(-Math.log(10000) * i / (half - shift));
        }
        var output = new HostOp.Output(y);
        device.add(new HostOp("timestep embedding", List.of(times), List.of(y)) {
            private FloatBuffer t;

            @Override
            public void bind() {
                t = floats(times);
                output.bind();
            }

            @Override
            public void run() {
                int sines = cosineFirst ? half : 0;
                for (int m = 0; m < t.capacity(); m++) {
                    for (int i = 0; i < half; i++) {
                        double angle = t.get(m) * frequencies[i];
                        output.put(2 * half * m + sines + i, (float) Math.sin(angle));
                        output.put(2 * half * m + half - sines + i, (float) Math.cos(angle));
                    }
                }
            }
        });
    }
}
