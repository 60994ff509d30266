package org.diffusionclassifier.device.cpu;

import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.util.List;
import java.util.stream.Stream;
import org.diffusionclassifier.device.Diffusion;
import org.diffusionclassifier.device.Philox;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.tensor.DType;

/** Noise mixing and the errors of predictions in plain Java: a thousandth of the network's work. */
final class CpuDiffusion implements Diffusion {

    private final CpuDevice device;
    /** Given noise, [N, h, w, c]; null to compute it. */
    private final Tensor table;

    CpuDiffusion(CpuDevice device, Tensor table) {
        this.device = device;
        this.table = table;
    }

    @Override
    public Tensor table() {
        return table;
    }

    @Override
    public Tensor addNoise(Trials trials) {
        Tensor x0 = trials.x0();
        Tensor y = device.activations(trials.count(), x0.dim(0), x0.dim(1), x0.dim(2));
        var output = new HostOp.Output(y);
        device.add(new TrialOp("add noise", trials, List.of(), List.of(y)) {
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
    public Errors errors(Tensor predicted, Trials trials, Tensor trialOfPair, Measure measure) {
        int pairs = trialOfPair.dim(0);
        trials.requirePredictions(predicted, pairs, 1);
        Tensor x0 = trials.x0();
        Tensor mean = device.activations(DType.F32, pairs);
        Tensor map = measure.withMap() ? device.activations(DType.F32, pairs, x0.dim(0), x0.dim(1)) : null;
        device.add(new TrialOp("error", trials, List.of(predicted, trialOfPair),
                measure.withMap() ? List.of(mean, map) : List.of(mean)) {
            private FloatBuffer means;
            private FloatBuffer maps;
            private Input predictions;
            private IntBuffer trial;

            @Override
            public void bind() {
                super.bind();
                means = floats(mean);
                maps = measure.withMap() ? floats(map) : null;
                predictions = new Input(predicted);
                trial = ints(trialOfPair);
            }

            @Override
            public void run() {
                int drawn = -1;
                int pixels = elements / channels;
                for (int p = 0; p < pairs; p++) {
                    int m = trial.get(p);
                    if (m != drawn) {
                        drawNoise(m);
                        drawn = m;
                    }
                    double sum = 0;
                    for (int pixel = 0; pixel < pixels; pixel++) {
                        double here = 0;
                        for (int i = pixel * channels; i < (pixel + 1) * channels; i++) {
                            here += loss(errorScale.get(m) * (epsilon[i] - estimate(m, i, output(p, i))));
                        }
                        sum += here;
                        if (measure.withMap()) {
                            maps.put(p * pixels + pixel, (float) (here / channels));
                        }
                    }
                    means.put(p, (float) (sum / elements));
                }
            }

            /** The network's output for element i of pair p. */
            private float output(int p, int i) {
                int row = p * (elements / channels) + i / channels;
                return predictions.get(row * predicted.rowStride() + i % channels);
            }

            private double loss(float difference) {
                float magnitude = Math.abs(difference);
                return switch (measure.loss()) {
                    case L1 -> magnitude;
                    case L2 -> magnitude * magnitude;
                    case HUBER -> magnitude <= 1 ? 0.5 * magnitude * magnitude : magnitude - 0.5;
                };
            }
        });
        return new Errors(mean, map);
    }

    @Override
    public Tensor bound(Tensor predicted, Trials trials, ReverseSteps steps, Tensor trialOfPair, boolean withSquares) {
        int pairs = trialOfPair.dim(0);
        trials.requirePredictions(predicted, pairs, 2);
        Tensor bits = device.activations(DType.F32, pairs);
        device.add(new TrialOp("bound", trials, List.of(predicted, trialOfPair, steps.timestep(), steps.meanScale(),
                steps.logVariance(), steps.logRange()), List.of(bits)) {
            private FloatBuffer output;
            private FloatBuffer predictions;
            private IntBuffer trial;
            private IntBuffer timestep;
            private FloatBuffer meanScale;
            private FloatBuffer logVariance;
            private FloatBuffer logRange;

            @Override
            public void bind() {
                super.bind();
                output = floats(bits);
                predictions = floats(predicted);
                trial = ints(trialOfPair);
                timestep = ints(steps.timestep());
                meanScale = floats(steps.meanScale());
                logVariance = floats(steps.logVariance());
                logRange = floats(steps.logRange());
            }

            @Override
            public void run() {
                int drawn = -1;
                for (int p = 0; p < pairs; p++) {
                    int m = trial.get(p);
                    if (m != drawn) {
                        drawNoise(m);
                        drawn = m;
                    }
                    double nats = 0;
                    double squares = 0;
                    for (int i = 0; i < elements; i++) {
                        int at = (p * (elements / channels) + i / channels) * 2 * channels + i % channels;
                        double difference = epsilon[i] - estimate(m, i, predictions.get(at));
                        double u = (predictions.get(at + channels) + 1) / 2 * logRange.get(m);
                        double delta = meanScale.get(m) * difference;
                        double logSigma2 = logVariance.get(m) + u;
                        nats += timestep.get(m) == 0 ? VariationalBound.surprise(-delta, latent.get(i), logSigma2)
                                : VariationalBound.divergence(delta, u, logSigma2);
                        double error = errorScale.get(m) * difference;
                        squares += error * error;
                    }
                    output.put(p, (float) (nats / elements / Math.log(2) + (withSquares ? squares / elements : 0)));
                }
            }
        });
        return bits;
    }

    /** An operation that knows the noise of each trial. */
    private abstract class TrialOp extends HostOp {

        private final Trials trials;
        private final float[] chw;
        final int elements;
        final int channels;
        /** Noise of the trial drawn last, [h, w, c]. */
        final float[] epsilon;
        FloatBuffer latent;
        private IntBuffer seed;
        private IntBuffer index;
        private FloatBuffer signal;
        private FloatBuffer level;
        private FloatBuffer outputScale;
        private FloatBuffer inputScale;
        FloatBuffer errorScale;
        private FloatBuffer given;

        TrialOp(String name, Trials trials, List<Tensor> more, List<Tensor> outputs) {
            super(name + " " + outputs.get(0), join(trials, more), outputs);
            this.trials = trials;
            this.channels = trials.x0().width();
            this.elements = (int) trials.x0().elements();
            this.chw = new float[elements];
            this.epsilon = new float[elements];
        }

        @Override
        public void bind() {
            latent = floats(trials.x0());
            seed = ints(trials.seed());
            index = ints(trials.noiseIndex());
            signal = floats(trials.signal());
            level = floats(trials.level());
            outputScale = floats(trials.outputScale());
            inputScale = floats(trials.inputScale());
            errorScale = floats(trials.errorScale());
            given = table == null ? null : floats(table);
        }

        void drawNoise(int m) {
            if (given == null) {
                long words = Integer.toUnsignedLong(seed.get(0)) | (long) seed.get(1) << Integer.SIZE;
                Philox.normals(words, index.get(m), chw, elements);
                int pixels = elements / channels;
                for (int c = 0; c < channels; c++) {
                    for (int i = 0; i < pixels; i++) {
                        epsilon[i * channels + c] = chw[c * pixels + i];
                    }
                }
            } else {
                given.get(index.get(m) * elements, epsilon, 0, elements);
            }
        }

        /** x_t of element i of trial m, whose noise has been drawn. */
        float noised(int m, int i) {
            return signal.get(m) * latent.get(i) + level.get(m) * epsilon[i];
        }

        /** ε̂ of element i of trial m, whose noise has been drawn. */
        float estimate(int m, int i, float output) {
            float b = inputScale.get(m);
            return outputScale.get(m) * output + b * (b == 0 ? 0 : noised(m, i));
        }
    }

    private static List<Tensor> join(Trials trials, List<Tensor> more) {
        return Stream.concat(more.stream(), Stream.of(
                trials.x0(), trials.seed(), trials.noiseIndex(), trials.signal(), trials.level(), trials.outputScale(),
                trials.inputScale(), trials.errorScale())).toList();
    }
}
