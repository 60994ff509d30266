package org.diffusionclassifier.device.cpu;

import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.util.List;
import java.util.stream.Stream;
import org.diffusionclassifier.device.Diffusion;
import org.diffusionclassifier.device.Noise;
import org.diffusionclassifier.device.Philox;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.weights.DType;
import org.diffusionclassifier.weights.ScheduleConfig.PredictionType;

/** Noise mixing and ε-error in plain Java: a thousandth of the network's work. */
final class CpuDiffusion implements Diffusion {

    private final CpuDevice device;
    private final Noise noise;

    CpuDiffusion(CpuDevice device, Noise noise) {
        this.device = device;
        this.noise = noise;
    }

    @Override
    public Tensor addNoise(Trials trials) {
        Tensor x0 = trials.x0();
        Tensor y = device.activations(trials.count(), x0.dim(0), x0.dim(1), x0.dim(2));
        var output = new HostOp.Output(y);
        device.add(new TrialOp("add noise", trials, List.of(), y) {
            @Override
            public void bind() {
                super.bind();
                output.bind();
            }

            @Override
            public void run() {
                for (int m = 0; m < trials.count(); m++) {
                    drawNoise(m);
                    for (int i = 0; i < elements; i++) {
                        output.put(m * elements + i, noised(m, i));
                    }
                }
            }
        });
        return y;
    }

    @Override
    public Tensor error(Tensor predicted, Trials trials, Tensor trialOfPair, Loss loss, PredictionType prediction) {
        if (predicted.type() != DType.F32 || predicted.elements() != trialOfPair.dim(0) * trials.x0().elements()) {
            throw new IllegalArgumentException("error of " + predicted + " for " + trialOfPair.dim(0) + " pairs");
        }
        Tensor y = device.activations(DType.F32, trialOfPair.dim(0));
        device.add(new TrialOp("error", trials, List.of(predicted, trialOfPair), y) {
            private FloatBuffer output;
            private FloatBuffer predictions;
            private IntBuffer trial;

            @Override
            public void bind() {
                super.bind();
                output = floats(y);
                predictions = floats(predicted);
                trial = ints(trialOfPair);
            }

            @Override
            public void run() {
                int drawn = -1;
                for (int p = 0; p < output.capacity(); p++) {
                    int m = trial.get(p);
                    if (m != drawn) {
                        drawNoise(m);
                        drawn = m;
                    }
                    double sum = 0;
                    for (int i = 0; i < elements; i++) {
                        float estimate = predictions.get(p * elements + i);
                        if (prediction == PredictionType.V_PREDICTION) {
                            estimate = signal.get(m) * estimate + level.get(m) * noised(m, i);
                        }
                        sum += loss(epsilon[i] - estimate);
                    }
                    output.put(p, (float) (sum / elements));
                }
            }

            private double loss(float difference) {
                float magnitude = Math.abs(difference);
                return switch (loss) {
                    case L1 -> magnitude;
                    case L2 -> magnitude * magnitude;
                    case HUBER -> magnitude <= 1 ? 0.5 * magnitude * magnitude : magnitude - 0.5;
                };
            }
        });
        return y;
    }

    /** An operation that knows the noise of each trial. */
    private abstract class TrialOp extends HostOp {

        private final Trials trials;
        private final float[] chw;
        final int elements;
        /** Noise of the trial drawn last, [h, w, c]. */
        final float[] epsilon;
        private FloatBuffer latent;
        private IntBuffer index;
        FloatBuffer signal;
        FloatBuffer level;
        private FloatBuffer table;

        TrialOp(String name, Trials trials, List<Tensor> more, Tensor y) {
            super(name + " " + y, join(trials, more), List.of(y));
            this.trials = trials;
            this.elements = (int) trials.x0().elements();
            this.chw = new float[elements];
            this.epsilon = new float[elements];
        }

        @Override
        public void bind() {
            latent = floats(trials.x0());
            index = ints(trials.noiseIndex());
            signal = floats(trials.signalLevel());
            level = floats(trials.noiseLevel());
            if (noise instanceof Noise.Given given) {
                table = floats(given.table());
            }
        }

        void drawNoise(int m) {
            if (noise instanceof Noise.Seeded seeded) {
                Philox.normals(seeded.seed(), index.get(m), chw, elements);
                int channels = trials.x0().dim(2);
                int pixels = elements / channels;
                for (int c = 0; c < channels; c++) {
                    for (int i = 0; i < pixels; i++) {
                        epsilon[i * channels + c] = chw[c * pixels + i];
                    }
                }
            } else {
                table.get(index.get(m) * elements, epsilon, 0, elements);
            }
        }

        /** x_t of element i of trial m, whose noise has been drawn. */
        float noised(int m, int i) {
            return signal.get(m) * latent.get(i) + level.get(m) * epsilon[i];
        }
    }

    private static List<Tensor> join(Trials trials, List<Tensor> more) {
        return Stream.concat(more.stream(), Stream.of(
                trials.x0(), trials.noiseIndex(), trials.signalLevel(), trials.noiseLevel())).toList();
    }
}
