package org.diffusionclassifier.device;

/**
 * Doubling by nearest neighbour and a 3×3 filter as one transposed convolution of stride 2: of the nine pixels that the
 * filter sees four differ, and weights of the same pixel are added up beforehand. Each takes 4 products for the 9 of
 * the filter.
 *
 * <p>A doubled map has u[2i + e] = x[i] with e = 0 or 1, and y[o] = Σ_k w[k] u[o + k − 1]. So x[i] goes into
 * y[2i − 1 + t] with the sum of those w[k] for which e = t + k − 2 is 0 or 1, t from 0 to 3: w₂, w₁ + w₂, w₀ + w₁, w₀.
 * Of an even o, t = 3 and 1 take x[o/2 − 1] and x[o/2]; of an odd one, t = 2 and 0 take x[(o − 1)/2] and the next.
 */
public final class DoubledFilters {

    /** Width and height of the transposed convolution's filter. */
    public static final int SIZE = 4;
    public static final int STRIDE = 2;

    private DoubledFilters() {
    }

    /**
     * The filters of the transposed convolution.
     *
     * @param filters [out, 3, 3, in]
     * @return [out, 4, 4, in]
     */
    public static float[] of(float[] filters, int out, int in) {
        float[] sums = new float[Math.multiplyExact(Math.multiplyExact(out, SIZE * SIZE), in)];
        for (int o = 0; o < out; o++) {
            for (int ty = 0; ty < SIZE; ty++) {
                for (int tx = 0; tx < SIZE; tx++) {
                    int to = ((o * SIZE + ty) * SIZE + tx) * in;
                    for (int ky = first(ty); ky <= last(ty); ky++) {
                        for (int kx = first(tx); kx <= last(tx); kx++) {
                            int from = ((o * 3 + ky) * 3 + kx) * in;
                            for (int c = 0; c < in; c++) {
                                sums[to + c] += filters[from + c];
                            }
                        }
                    }
                }
            }
        }
        return sums;
    }

    /**
     * The same as four filters of 2×2, one for the outputs of each parity: of row py and column px, tap (dy, dx) takes
     * x[i + py − 1 + dy, j + px − 1 + dx] for y[2i + py, 2j + px].
     *
     * @param filters [out, 3, 3, in]
     * @return [4, out, 2, 2, in], the first by 2·py + px
     */
    public static float[] byParity(float[] filters, int out, int in) {
        float[] sums = of(filters, out, in);
        float[] ordered = new float[sums.length];
        for (int to = 0; to < ordered.length / in; to++) {
            int tap = to % 4;
            int o = to / 4 % out;
            int parity = to / 4 / out;
            int ty = 3 - parity / 2 - 2 * (tap / 2);
            int tx = 3 - parity % 2 - 2 * (tap % 2);
            System.arraycopy(sums, ((o * SIZE + ty) * SIZE + tx) * in, ordered, to * in, in);
        }
        return ordered;
    }

    private static int first(int t) {
        return Math.max(0, 2 - t);
    }

    private static int last(int t) {
        return Math.min(2, 3 - t);
    }
}
