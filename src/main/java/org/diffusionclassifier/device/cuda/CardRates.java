package org.diffusionclassifier.device.cuda;

import org.diffusionclassifier.device.cuda.driver.GpuProperties;

/**
 * What launches cost on a card, by its compute capability: a data sheet of the architecture's best-known card stands for
 * all of it, since what is chosen depends on ratios. Nothing here was measured.
 *
 * <p>Sources are those of {@link org.diffusionclassifier.device.cuda.study.Card}: rate of dense fp16 products with
 * float32 sums over multiprocessors and clock; of the RTX 5090 (12.0), NVIDIA RTX Blackwell GPU Architecture whitepaper.
 *
 * @param clock          a second
 * @param flopsAClock    of a multiprocessor's tensor cores
 * @param bytesPerSecond of the card's memory
 */
record CardRates(double clock, int flopsAClock, double bytesPerSecond) {

    /** From the host's call to the kernel's beginning, and from one kernel's end to the next's work. */
    static final double LAUNCH_SECONDS = 3e-6;

    /** What the L2 cache leaves of the traffic of partial sums, written by one launch and read by the next. */
    private static final double PAST_THE_CACHE = 2.0 / 3;
    /** 2ˣ of a multiprocessor's special-function units. */
    private static final int EXPONENTIALS_A_CLOCK = 16;

    private static final CardRates A100 = new CardRates(1.41e9, 2048, 1555e9);
    private static final CardRates RTX_3090 = new CardRates(1.695e9, 512, 936e9);
    private static final CardRates RTX_4090 = new CardRates(2.52e9, 512, 1008e9);
    private static final CardRates H100 = new CardRates(1.83e9, 4096, 3352e9);
    private static final CardRates RTX_5090 = new CardRates(2.41e9, 512, 1792e9);

    static CardRates of(GpuProperties card) {
        return switch (card.computeCapability()) {
            case 80 -> A100;
            case 86, 87 -> RTX_3090;
            case 89 -> RTX_4090;
            case 120, 121 -> RTX_5090;
            default -> H100;                // the later ones of data centres are closer to it than to any other
        };
    }

    /** Of the tensor cores of one multiprocessor. */
    double flopsPerSecond() {
        return flopsAClock * clock;
    }

    /** For partial results of so many bytes to be written, and read by the launch that puts them together. */
    double mergeSeconds(double bytes) {
        return LAUNCH_SECONDS + 2 * bytes * PAST_THE_CACHE / bytesPerSecond;
    }

    /** For a multiprocessor to attend from so many queries to so many keys, by heads of d columns. */
    double attentionSeconds(long queries, long keys, int d) {
        double products = 4.0 * queries * keys * d / flopsPerSecond();
        double exponentials = queries * keys / (EXPONENTIALS_A_CLOCK * clock);
        return Math.max(products, exponentials);
    }
}
