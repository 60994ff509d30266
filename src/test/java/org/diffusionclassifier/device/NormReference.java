package org.diffusionclassifier.device;

import java.util.Arrays;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;

/**
 * What the normalising layers compute, and the modulation of a DiT's blocks around them, as {@link Reference} does the
 * rest.
 */
final class NormReference {

    private final DoubleUnaryOperator stored;

    /** @param stored what becomes of a value that is written to memory */
    NormReference(DoubleUnaryOperator stored) {
        this.stored = stored;
    }

    /**
     * y[b, p, c] = act((z[b, p, c] − μ) / √(σ² + ε) · weight[c] + bias[c]), where z is x with the channels of skip
     * behind its own, and μ and σ² (divided by n) go over the pixels and channels of c's group in image b.
     *
     * @param x      [batch, pixels, C₁]
     * @param skip   [batch, pixels, C − C₁], or null if C₁ = C
     * @param weight [C]
     * @param bias   [C]
     */
    double[] groupNorm(GroupNorm.Spec spec, int batch, float[] x, float[] skip, float[] weight, float[] bias) {
        int channels = spec.channels();
        int pixels = (x.length + (skip == null ? 0 : skip.length)) / (batch * channels);
        int first = x.length / (batch * pixels);
        double[] z = new double[batch * pixels * channels];
        for (int i = 0; i < z.length; i++) {
            int c = i % channels;
            int pixel = i / channels;
            z[i] = c < first ? x[pixel * first + c] : skip[pixel * (channels - first) + c - first];
        }
        int width = channels / spec.groups();
        for (int b = 0; b < batch; b++) {
            for (int g = 0; g < spec.groups(); g++) {
                int corner = b * pixels * channels + g * width;
                int[] members = IntStream.range(0, pixels * width)
                        .map(i -> corner + i / width * channels + i % width).toArray();
                normalise(z, members, spec.epsilon(), weight, bias);
            }
        }
        for (int i = 0; i < z.length; i++) {
            z[i] = stored.applyAsDouble(Reference.activation(spec.silu() ? Activation.SILU : Activation.NONE, z[i]));
        }
        return z;
    }

    /**
     * y[r, c] = (x[r, c] − μ) / √(σ² + ε) · weight[c] + bias[c] with μ and σ² (divided by n) over row r.
     *
     * @param x      [rows, channels]
     * @param weight [channels]
     * @param bias   [channels]
     */
    double[] layerNorm(int channels, float epsilon, float[] x, float[] weight, float[] bias) {
        double[] y = IntStream.range(0, x.length).mapToDouble(i -> x[i]).toArray();
        for (int row = 0; row < x.length; row += channels) {
            normalise(y, IntStream.range(row, row + channels).toArray(), epsilon, weight, bias);
        }
        for (int i = 0; i < y.length; i++) {
            y[i] = stored.applyAsDouble(y[i]);
        }
        return y;
    }

    /**
     * y[g, c] = x[g, c] / √(mean over c of x[g, c]² + ε) · weight[c] for each group of neighbours.
     *
     * @param x      [groups, channels]
     * @param weight [channels]
     */
    double[] rmsNorm(int channels, float epsilon, float[] x, float[] weight) {
        double[] y = new double[x.length];
        for (int group = 0; group < x.length; group += channels) {
            double squares = 0;
            for (int c = 0; c < channels; c++) {
                squares += (double) x[group + c] * x[group + c];
            }
            for (int c = 0; c < channels; c++) {
                y[group + c] = stored.applyAsDouble(x[group + c] / Math.sqrt(squares / channels + epsilon) * weight[c]);
            }
        }
        return y;
    }

    /**
     * y[b, l, c] = n · (1 + scale[b, c]) + shift[b, c], n = (x[b, l, c] − μ) / √(σ² + ε) with μ and σ² (divided by C)
     * over the row, stored before it is scaled.
     *
     * @param x     [batch, L, channels]
     * @param shift [batch, channels]
     * @param scale [batch, channels]
     */
    double[] adaptiveNorm(int batch, int channels, float epsilon, float[] x, float[] shift, float[] scale) {
        float[] ones = new float[channels];
        Arrays.fill(ones, 1);
        double[] y = layerNorm(channels, epsilon, x, ones, new float[channels]);
        for (int i = 0; i < y.length; i++) {
            int at = i / (y.length / batch) * channels + i % channels;
            y[i] = stored.applyAsDouble(y[i] * (1 + (double) scale[at]) + shift[at]);
        }
        return y;
    }

    /**
     * y[b, l, c] = x[b, l, c] + gate[b, c] · z[b, l, c].
     *
     * @param x    [batch, L, channels], as z
     * @param gate [batch, channels]
     */
    double[] gatedSum(int batch, int channels, float[] x, float[] gate, float[] z) {
        double[] y = new double[x.length];
        for (int i = 0; i < y.length; i++) {
            int at = i / (y.length / batch) * channels + i % channels;
            y[i] = stored.applyAsDouble(x[i] + (double) gate[at] * z[i]);
        }
        return y;
    }

    /** Normalises the {@code members} of z in place; the channel of each is its index modulo the channels. */
    private static void normalise(double[] z, int[] members, float epsilon, float[] weight, float[] bias) {
        double mean = IntStream.of(members).mapToDouble(i -> z[i]).sum() / members.length;
        double variance = IntStream.of(members).mapToDouble(i -> (z[i] - mean) * (z[i] - mean)).sum() / members.length;
        for (int i : members) {
            int c = i % weight.length;
            z[i] = (z[i] - mean) / Math.sqrt(variance + epsilon) * weight[c] + bias[c];
        }
    }
}
