package org.diffusionclassifier.tensor;

/**
 * Changes the layout of a convolution's filters from PyTorch's [out, in, height, width] to [out, height, width, in]. A
 * convolution is a matrix product over pixels and channels, and reads filters in this order.
 */
public final class Filters {

    private Filters() {
    }

    /** Changes {@code count} filters from [in, pixels] to [pixels, in]. */
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
