package org.diffusionclassifier.device;

/**
 * Counter-based normal noise: the definition that every device follows to 1e-5, so that no noise need be stored.
 *
 * <p>Philox4x32-10 (Salmon et al., <i>Parallel Random Numbers: As Easy as 1, 2, 3</i>, SC 2011, section 3.4) with key
 * (seed's low word, high word) and counter (element / 4, noise index, 0, 0) gives four words; Box–Muller makes two
 * normals of each two: u = (w₀ + 1)·2⁻³², v = w₁·2⁻³², r = √(−2 ln u), z₀ = r cos 2πv, z₁ = r sin 2πv. Elements are
 * counted over the latent in CHW order, whatever its layout in memory.
 */
public final class Philox {

    private static final int MULTIPLIER_0 = 0xD2511F53;
    private static final int MULTIPLIER_1 = 0xCD9E8D57;
    private static final int WEYL_0 = 0x9E3779B9;
    private static final int WEYL_1 = 0xBB67AE85;
    private static final int ROUNDS = 10;

    private Philox() {
    }

    /** Replaces the four counter words by the four output words. */
    public static void block(int[] counter, int key0, int key1) {
        for (int round = 0; round < ROUNDS; round++) {
            long product0 = Integer.toUnsignedLong(MULTIPLIER_0) * Integer.toUnsignedLong(counter[0]);
            long product1 = Integer.toUnsignedLong(MULTIPLIER_1) * Integer.toUnsignedLong(counter[2]);
            int high0 = (int) (product0 >>> 32);
            int high1 = (int) (product1 >>> 32);
            counter[0] = high1 ^ counter[1] ^ key0;
            counter[2] = high0 ^ counter[3] ^ key1;
            counter[1] = (int) product1;
            counter[3] = (int) product0;
            key0 += WEYL_0;
            key1 += WEYL_1;
        }
    }

    /** A seed's low and high word, as {@link Diffusion.Trials} has them. */
    public static int[] key(long seed) {
        return new int[] {(int) seed, (int) (seed >>> 32)};
    }

    /**
     * The noise of one trial.
     *
     * @param noise    receives normals in CHW order
     * @param elements how many
     */
    public static void normals(long seed, int noiseIndex, float[] noise, int elements) {
        int[] words = new int[4];
        for (int i = 0; i < elements; i += 4) {
            words[0] = i / 4;
            words[1] = noiseIndex;
            words[2] = 0;
            words[3] = 0;
            block(words, (int) seed, (int) (seed >>> 32));
            for (int k = 0; k < 4 && i + k < elements; k += 2) {
                double u = (Integer.toUnsignedLong(words[k]) + 1) * 0x1p-32;
                double angle = 2 * Math.PI * (Integer.toUnsignedLong(words[k + 1]) * 0x1p-32);
                double radius = Math.sqrt(-2 * Math.log(u));
                noise[i + k] = (float) (radius * Math.cos(angle));
                if (i + k + 1 < elements) {
                    noise[i + k + 1] = (float) (radius * Math.sin(angle));
                }
            }
        }
    }
}
