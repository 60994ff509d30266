package org.diffusionclassifier.weights;

/**
 * The one thing that is done to a convolution's filters on the way to a device: the input channels, outermost but for
 * the filter itself in PyTorch ([out, in, height, width]), become innermost ([out, height, width, in]), as the matrix
 * product over pixels and channels that a convolution is reads them.
 */
final class Filters {

    private Filters() {
    }

    /** One or more filters [in, pixels] as [pixels, in]; all arrays as long as {@code kept}, whole filters of which it has. */
    static void toChannelsLast(float[] kept, float[] turned, int pixels) {
        int in = kept.length / pixels;
        for (int p = 0; p < pixels; p++) {
            for (int c = 0; c < in; c++) {
                turned[p * in + c] = kept[c * pixels + p];
            }
        }
    }
}
