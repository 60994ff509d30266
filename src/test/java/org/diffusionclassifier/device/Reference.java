package org.diffusionclassifier.device;

import java.util.Arrays;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;
import org.apache.commons.math3.special.Erf;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.FloatFormats;

/**
 * What every layer computes, by the obvious loops in double precision: the yardstick of every device. Arrays are dense
 * and row-major in the stated shapes; feature maps are channels-last.
 *
 * <p>{@link #EXACT} keeps every digit. {@link #storing} rounds what a plain computation would write to memory, results
 * and the intermediate results between two stages, and nothing else: how far that is from the exact result is how far a
 * device may be, see {@link DeviceFixture}.
 */
final class Reference {

    static final Reference EXACT = new Reference(value -> value);

    private final DoubleUnaryOperator stored;
    private final NormReference norms;

    private Reference(DoubleUnaryOperator stored) {
        this.stored = stored;
        norms = new NormReference(stored);
    }

    /** The normalising layers. */
    NormReference norms() {
        return norms;
    }

    /** Exact arithmetic on values that are rounded to {@code type} where they are stored. */
    static Reference storing(DType type) {
        return new Reference(value -> round((float) value, type));
    }

    /** The value of {@code type} nearest to {@code value}. */
    static float round(float value, DType type) {
        return switch (type) {
            case F32 -> value;
            case F16 -> FloatFormats.fromF16(FloatFormats.toF16(value));
            case BF16 -> FloatFormats.fromBF16(FloatFormats.toBF16(value));
            default -> throw new IllegalArgumentException(type + " holds no activations");
        };
    }

    /** Columns {@code from} to {@code from + count} of a matrix with rows of {@code width}. */
    static float[] columns(float[] x, int width, int from, int count) {
        float[] y = new float[x.length / width * count];
        for (int i = 0; i < y.length; i++) {
            y[i] = x[i / count * width + from + i % count];
        }
        return y;
    }

    /**
     * y[r, o] = act(Σ_i x[r, i] W[o, i] + b[o]) + residual[r, o]; for GEGLU a · gelu(g) with the product's first half
     * of columns a and second half g, both stored before they are multiplied.
     *
     * @param x        [rows, in]
     * @param weight   [out, in]; [2·out, in] for GEGLU
     * @param bias     one a row of the weight, or null
     * @param residual [rows, out], or null
     */
    double[] linear(Linear.Spec spec, float[] x, float[] weight, float[] bias, float[] residual) {
        boolean geglu = spec.activation() == Activation.GEGLU;
        int rows = x.length / spec.in();
        double[] y = new double[rows * spec.out()];
        for (int r = 0; r < rows; r++) {
            for (int o = 0; o < spec.out(); o++) {
                double value = affine(spec.in(), x, r, weight, bias, o);
                if (geglu) {
                    double gate = affine(spec.in(), x, r, weight, bias, spec.out() + o);
                    value = stored.applyAsDouble(value) * activation(Activation.GELU, stored.applyAsDouble(gate));
                } else {
                    value = activation(spec.activation(), value);
                }
                int at = r * spec.out() + o;
                y[at] = stored.applyAsDouble(value + (residual == null ? 0 : residual[at]));
            }
        }
        return y;
    }

    private static double affine(int in, float[] x, int row, float[] weight, float[] bias, int column) {
        double sum = bias == null ? 0 : bias[column];
        for (int i = 0; i < in; i++) {
            sum += (double) x[row * in + i] * weight[column * in + i];
        }
        return sum;
    }

    /**
     * y[b, i, j, o] = Σ_{di, dj, c} z[b, s·i + di − p, s·j + dj − p, c] W[o, c, di, dj] + bias[o] + addend, where z is
     * x with the channels of skip behind its own, first doubled in both directions if the layer upsamples, and 0
     * outside; s is the stride, p = 1 for a symmetrically padded 3×3 filter and 0 otherwise. Of a doubled x, a pixel
     * meets one, two or four weights of an output: their sum is stored.
     *
     * @param x      [batch, height, width, in]
     * @param skip   [batch, height, width, concat], or null if concat = 0
     * @param weight [out, in + concat, kernel, kernel]
     * @param bias   [out]
     * @param addend [batch, H', W', out] or [batch, out], or null
     */
    double[] conv2d(Conv2d.Spec spec, int batch, int height, int width, float[] x, float[] skip, float[] weight,
                    float[] bias, float[] addend) {
        int rows = spec.outputSize(height);
        int columns = spec.outputSize(width);
        int before = spec.kernel() == 3 && spec.padding() == Conv2d.Padding.SYMMETRIC ? 1 : 0;
        int inputs = spec.in() + spec.concat();
        double[] y = new double[batch * rows * columns * spec.out()];
        for (int at = 0; at < y.length; at++) {
            int o = at % spec.out();
            int j = at / spec.out() % columns;
            int i = at / spec.out() / columns % rows;
            int b = at / spec.out() / columns / rows;
            double sum = bias[o];
            if (spec.upsample()) {
                sum += doubled(spec, height, width, x, weight, b, i, j, o);
            }
            for (int di = 0; di < (spec.upsample() ? 0 : spec.kernel()); di++) {
                for (int dj = 0; dj < spec.kernel(); dj++) {
                    int row = spec.stride() * i + di - before;
                    int column = spec.stride() * j + dj - before;
                    if (row < 0 || row >= height || column < 0 || column >= width) {
                        continue;
                    }
                    int pixel = (b * height + row) * width + column;
                    for (int c = 0; c < inputs; c++) {
                        double z = c < spec.in() ? x[pixel * spec.in() + c]
                                : skip[pixel * spec.concat() + c - spec.in()];
                        sum += z * weight[((o * inputs + c) * spec.kernel() + di) * spec.kernel() + dj];
                    }
                }
            }
            if (addend != null) {
                sum += addend.length == y.length ? addend[at] : addend[b * spec.out() + o];
            }
            y[at] = stored.applyAsDouble(sum);
        }
        return y;
    }

    /** The sum for output o at [b, i, j] of a layer that doubles x. */
    private double doubled(Conv2d.Spec spec, int height, int width, float[] x, float[] weight, int b, int i, int j,
                           int o) {
        double sum = 0;
        for (int row = Math.max(0, i / 2 - 1); row <= Math.min(height - 1, i / 2 + 1); row++) {
            for (int column = Math.max(0, j / 2 - 1); column <= Math.min(width - 1, j / 2 + 1); column++) {
                for (int c = 0; c < spec.in(); c++) {
                    double ofPixel = 0;
                    for (int di = 0; di < 3; di++) {
                        for (int dj = 0; dj < 3; dj++) {
                            if (Math.floorDiv(i + di - 1, 2) == row && Math.floorDiv(j + dj - 1, 2) == column) {
                                ofPixel += weight[((o * spec.in() + c) * 3 + di) * 3 + dj];
                            }
                        }
                    }
                    sum += stored.applyAsDouble(ofPixel) * x[((b * height + row) * width + column) * spec.in() + c];
                }
            }
        }
        return sum;
    }

    /** y[a, c, b, w] = x[a, b, c, w] for x [.., b, c, w]. */
    static double[] swapAxes(float[] x, int b, int c, int w) {
        double[] y = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            int a = i / (b * c * w);
            y[((a * c + i / w % c) * b + i / (c * w) % b) * w + i % w] = x[i];
        }
        return y;
    }

    /**
     * y[b, i, h·d + c] = Σ_j p[j] v[e, j, h·d + c], p = softmax_j(Σ_c q[b, i, h·d + c] k[e, j, h·d + c] / √d), stored
     * before the second product; d = width / heads, e = entry[b], and j ≤ i only if causal.
     *
     * @param q     [batch, Lq, width]
     * @param k     [N, keys, width]
     * @param v     [N, keys, width]
     * @param keys  Lk
     * @param entry [batch] in [0, N), or null for e = b
     */
    double[] attention(Attention.Spec spec, int batch, float[] q, float[] k, float[] v, int keys, int[] entry) {
        int width = spec.width();
        int d = width / spec.heads();
        int queries = q.length / (batch * width);
        double[] y = new double[q.length];
        double[] weights = new double[keys];
        for (int b = 0; b < batch; b++) {
            int e = entry == null ? b : entry[b];
            for (int head = 0; head < spec.heads(); head++) {
                for (int i = 0; i < queries; i++) {
                    int visible = spec.causal() ? i + 1 : keys;
                    double largest = Double.NEGATIVE_INFINITY;
                    for (int j = 0; j < visible; j++) {
                        double score = 0;
                        for (int c = head * d; c < (head + 1) * d; c++) {
                            score += (double) q[(b * queries + i) * width + c] * k[(e * keys + j) * width + c];
                        }
                        weights[j] = score / Math.sqrt(d);
                        largest = Math.max(largest, weights[j]);
                    }
                    double sum = 0;
                    for (int j = 0; j < visible; j++) {
                        weights[j] = Math.exp(weights[j] - largest);
                        sum += weights[j];
                    }
                    for (int c = head * d; c < (head + 1) * d; c++) {
                        double mean = 0;
                        for (int j = 0; j < visible; j++) {
                            mean += stored.applyAsDouble(weights[j] / sum) * v[(e * keys + j) * width + c];
                        }
                        y[(b * queries + i) * width + c] = stored.applyAsDouble(mean);
                    }
                }
            }
        }
        return y;
    }

    /** The function of each element, stored. */
    double[] activation(Activation function, float[] x) {
        return IntStream.range(0, x.length)
                .mapToDouble(i -> stored.applyAsDouble(activation(function, x[i]))).toArray();
    }

    /** SiLU x σ(x), GELU x Φ(x), quick GELU x σ(1.702 x). */
    static double activation(Activation function, double x) {
        return switch (function) {
            case NONE -> x;
            case SILU -> x / (1 + Math.exp(-x));
            case GELU -> x * 0.5 * Erf.erfc(-x / Math.sqrt(2));
            case GELU_TANH -> x / 2 * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
            case QUICK_GELU -> x / (1 + Math.exp(-1.702 * x));
            case GEGLU -> throw new IllegalArgumentException("GEGLU takes two values");
        };
    }

    /**
     * y[n] = x[index[n]].
     *
     * @param x       [entries, ..]
     * @param entries size of x's first dimension
     * @param index   [N]
     */
    double[] gather(float[] x, int entries, int[] index) {
        int size = x.length / entries;
        return IntStream.range(0, index.length * size).mapToDouble(i -> x[index[i / size] * size + i % size]).toArray();
    }

    /**
     * y[b, i, c] = token[ids[b, i], c] + position[i, c].
     *
     * @param token    [vocabulary, width]
     * @param position [positions, width]
     * @param ids      [batch, length]
     */
    double[] embedding(int width, float[] token, float[] position, int length, int[] ids) {
        double[] y = new double[ids.length * width];
        for (int i = 0; i < y.length; i++) {
            int row = i / width;
            int c = i % width;
            y[i] = stored.applyAsDouble((double) token[ids[row] * width + c] + position[row % length * width + c]);
        }
        return y;
    }

    /**
     * y[m] = [sin ω₀t .. sin ω_{h−1}t, cos ω₀t .. cos ω_{h−1}t], or cosines first; t = times[m], h = width / 2,
     * ω_i = 10000^(−i / (h − shift)).
     *
     * @param times [M]
     * @return [M, width]
     */
    double[] timestepEmbedding(float[] times, int width, boolean cosineFirst, float shift) {
        int half = width / 2;
        double[] y = new double[times.length * width];
        for (int i = 0; i < y.length; i++) {
            int column = i % width;
            double angle = times[i / width] * Math.pow(10000, -(column % half) / (double) (half - shift));
            boolean cosine = column < half == cosineFirst;
            y[i] = stored.applyAsDouble(cosine ? Math.cos(angle) : Math.sin(angle));
        }
        return y;
    }

    /** The noise of one index as [h, w, c]; {@link Philox} counts it as [c, h, w]. */
    static float[] noise(long seed, int noiseIndex, int h, int w, int c) {
        float[] chw = new float[h * w * c];
        Philox.normals(seed, noiseIndex, chw, chw.length);
        float[] hwc = new float[chw.length];
        for (int i = 0; i < hwc.length; i++) {
            hwc[i] = chw[i % c * h * w + i / c];
        }
        return hwc;
    }

    /**
     * x_t[m] = signal[m] · x₀ + level[m] · ε[m].
     *
     * @param x0      [h, w, c]
     * @param epsilon [M][h, w, c]
     * @param signal  [M] at least
     * @param level   [M] at least
     * @return [M, h, w, c]
     */
    double[] addNoise(float[] x0, float[][] epsilon, float[] signal, float[] level) {
        double[] y = new double[epsilon.length * x0.length];
        for (int i = 0; i < y.length; i++) {
            int m = i / x0.length;
            int element = i % x0.length;
            y[i] = stored.applyAsDouble((double) signal[m] * x0[element] + (double) level[m] * epsilon[m][element]);
        }
        return y;
    }

    /**
     * error = mean over {@code count} neighbouring elements of ℓ(errorScale · (ε[m] − ε̂)), m = trialOfPair[p], with
     * ε̂ = outputScale · predicted + inputScale · x_t.
     *
     * @param predicted   [P, h, w, c]
     * @param trialOfPair [P]; the rest as in {@link #addNoise}
     * @param count       h·w·c for a pair's error, c for its map
     * @return [P], or [P, h, w]
     */
    double[] errors(float[] predicted, int[] trialOfPair, float[] x0, float[][] epsilon, NoiseCase process,
                    Diffusion.Loss loss, int count) {
        double[] noised = EXACT.addNoise(x0, epsilon, process.signal, process.level);
        double[] errors = new double[predicted.length / count];
        for (int i = 0; i < predicted.length; i++) {
            int m = trialOfPair[i / x0.length];
            int element = i % x0.length;
            double estimate = (double) process.outputScale[m] * predicted[i]
                    + process.inputScale[m] * noised[m * x0.length + element];
            double difference = Math.abs(process.errorScale[m] * (epsilon[m][element] - estimate));
            errors[i / count] += switch (loss) {
                case L1 -> difference;
                case L2 -> difference * difference;
                case HUBER -> difference <= 1 ? difference * difference / 2 : difference - 0.5;
            };
        }
        return Arrays.stream(errors).map(sum -> stored.applyAsDouble(sum / count)).toArray();
    }
}
