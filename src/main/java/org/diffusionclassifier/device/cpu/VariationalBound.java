package org.diffusionclassifier.device.cpu;

/** The two formulas of {@link org.diffusionclassifier.device.Diffusion#bound} for one element, in nats. */
final class VariationalBound {

    private static final double LEAST_PROBABILITY = 1e-12;
    /** Half the distance of two grey levels in [−1, 1]. */
    private static final double HALF_LEVEL = 1 / 255.0;
    private static final double EDGE = 0.999;

    private VariationalBound() {
    }

    /**
     * KL(q ‖ p) of two normal distributions.
     *
     * @param delta     difference of their means
     * @param u         ln of p's variance over q's
     * @param logSigma2 ln of p's variance
     */
    static double divergence(double delta, double u, double logSigma2) {
        return 0.5 * (u + Math.expm1(-u) + delta * delta * Math.exp(-logSigma2));
    }

    /**
     * −ln of p's probability of the grey level of x₀.
     *
     * @param distance  of x₀ from p's mean
     * @param logSigma2 ln of p's variance
     */
    static double surprise(double distance, double x0, double logSigma2) {
        double inverse = Math.exp(-0.5 * logSigma2);
        double from = x0 < -EDGE ? Double.NEGATIVE_INFINITY : inverse * (distance - HALF_LEVEL);
        double to = x0 > EDGE ? Double.POSITIVE_INFINITY : inverse * (distance + HALF_LEVEL);
        if (from + to > 0) {        // the same by symmetry, in the tail where Φ is small and keeps its digits
            double reflected = -from;
            from = -to;
            to = reflected;
        }
        return -Math.log(Math.max(normal(to) - normal(from), LEAST_PROBABILITY));
    }

    /** Φ by ½ (1 + tanh(g)) = 1 / (1 + e^−2g). */
    private static double normal(double x) {
        return 1 / (1 + Math.exp(-2 * Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
    }
}
