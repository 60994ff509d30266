package org.diffusionclassifier.image;

import org.diffusionclassifier.image.Resampling.Axis;
import org.diffusionclassifier.image.Resampling.Filter;

/**
 * Turns an image into the square that a model takes: resizes the shorter side to {@code size}, crops the centre, and
 * scales samples to [−1, 1]. The result equals, grey level for grey level, that of the Python code named by
 * {@code method} on Pillow's RGB image, which the paper's reference implementation feeds to its models.
 *
 * @param size side of the square that comes out, in pixels, at least 1
 */
public record Preprocess(int size, Method method) {

    /** The reference implementation that it follows. */
    public enum Method {
        /** torchvision's {@code Resize(size, BICUBIC)}, {@code CenterCrop(size)}. */
        TORCHVISION,
        /**
         * ADM's (Dhariwal and Nichol, 2021, guided-diffusion's {@code center_crop_arr}), with which DiT was trained:
         * halves the image by averaging as long as the shorter side stays at least {@code size}, then proceeds as
         * above, but rounds sides and crop differently.
         */
        ADM
    }

    public Preprocess {
        if (size < 1) {
            throw new IllegalArgumentException("image size must be at least 1, found " + size);
        }
    }

    /** As torchvision does, for Stable Diffusion. */
    public Preprocess(int size) {
        this(size, Method.TORCHVISION);
    }

    /** As ADM does, for DiT. */
    public static Preprocess adm(int size) {
        return new Preprocess(size, Method.ADM);
    }

    /**
     * Resizes and crops.
     *
     * @param image any size
     * @return [size, size, 3]; the same pixels when the image has that size already
     */
    public RgbImage apply(RgbImage image) {
        RgbImage source = image;
        while (method == Method.ADM && shorter(source) / 2 >= size) {
            source = halved(source);
        }
        return Resampling.apply(source, axis(source.width(), shorter(source)), axis(source.height(), shorter(source)));
    }

    private static int shorter(RgbImage image) {
        return Math.min(image.width(), image.height());
    }

    private static RgbImage halved(RgbImage image) {
        int width = image.width() / 2;
        int height = image.height() / 2;
        return Resampling.apply(image, Axis.of(Filter.BOX, image.width(), width, 0, width),
                Axis.of(Filter.BOX, image.height(), height, 0, height));
    }

    /** The length of the side after the resize may be beyond 2³¹ for a thin enough image. */
    private Axis axis(int side, int shorter) {
        if (method == Method.ADM) {
            long target = (long) Math.rint(side * ((double) size / shorter));      // halves to even, as Python rounds
            return Axis.of(Filter.BICUBIC, side, target, (target - size) / 2, size);
        }
        long target = (long) size * side / shorter;
        return Axis.of(Filter.BICUBIC, side, target, (long) Math.rint((target - size) / 2.0), size);
    }

    /**
     * Samples as the networks take them.
     *
     * @return [height, width, 3], each in [−1, 1]
     */
    public static float[] normalise(RgbImage image) {
        var samples = new float[image.pixels().length];
        for (int i = 0; i < samples.length; i++) {
            samples[i] = ((image.pixels()[i] & 0xFF) / 255f - 0.5f) / 0.5f;
        }
        return samples;
    }
}
