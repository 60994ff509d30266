package org.diffusionclassifier.tensor;

/**
 * The one thing that is done to a convolution's filters on the way to a device: the input channels, outermost but for
 * the filter itself in PyTorch ([out, in, height, width]), become innermost ([out, height, width, in]), as the matrix
 * product over pixels and channels that a convolution is reads them.
 */
public final class Filters {

    private Filters() {
    }

    /** Makes {@code count} filters [in, pixels] ones of [pixels, in]. */
    public static void toChannelsLast(float[] kept, float[] turned, int count, int in, int pixels) {
        for (int start = 0; start < count * in * pixels; start += in * pixels) {
            for (int p = 0; p < pixels; p++) {
                for (int c = 0; c < in; c++) {
                    turned[start + p * in + c] = kept[start + c * pixels + p];
                }
            }
        }
    }

    /** The same of 16-bit elements, whatever they stand for. */
    public static void toChannelsLast(short[] kept, short[] turned, int count, int in, int pixels) {
        for (int start = 0; start < count * in * pixels; start += in * pixels) {
            for (int p = 0; p < pixels; p++) {
                for (int c = 0; c < in; c++) {
                    turned[start + p * in + c] = kept[start + c * pixels + p];
                }
            }
        }
    }
}
