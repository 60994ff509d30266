package org.diffusionclassifier.strategy.covariance;

import java.util.List;
import org.apache.commons.math3.distribution.NormalDistribution;

/**
 * How often races by a covariance decided otherwise than all trials, at several z, on images that the covariance was
 * not learned from: what a confidence is turned into z by.
 *
 * @param levels  by ascending z, at least one
 * @param images  how many were raced
 * @param prompts K₀ that raced
 */
public record MeasuredRisk(List<Level> levels, int images, int prompts) {

    /**
     * @param z         deviations at which rivals were dropped
     * @param otherwise how many images were decided otherwise than by all trials
     * @param pairs     mean pairs an image
     */
    public record Level(double z, int otherwise, double pairs) {
    }

    public MeasuredRisk {
        levels = List.copyOf(levels);
    }

    /**
     * The smallest measured z from which on all z decide otherwise at a rate of δ at most. Of k images out of n the
     * rate is taken to be (k + 1) / (n + 2) (Laplace's rule of succession): none out of n does not show that none will.
     *
     * <p>Among more prompts than raced, K > K₀, there are more rivals to be wrong about: δ is divided by
     * (K − 1) / (K₀ − 1). Where the rate allowed is below all that were measured, the least rate measured is continued
     * as a normal distribution's tail.
     *
     * @param delta in (0, 1)
     */
    public double deviations(double delta, int prompts) {
        double allowed = delta * Math.min(1, (this.prompts - 1.0) / Math.max(1, prompts - 1));
        double z = Double.NaN;
        double rate = 0;
        for (int i = levels.size() - 1; i >= 0; i--) {
            Level level = levels.get(i);
            double here = (level.otherwise + 1.0) / (images + 2);
            if (Double.isNaN(z) || here <= Math.max(allowed, rate)) {
                z = level.z;
                rate = Math.max(rate, here);
            } else {
                break;
            }
        }
        if (rate <= allowed) {
            return z;
        }
        var normal = new NormalDistribution(null, 0, 1);
        return -normal.inverseCumulativeProbability(normal.cumulativeProbability(-z) * allowed / rate);
    }

    /** The level that {@link #deviations} takes, or the last below it, for as many prompts as raced. */
    public Level level(double delta) {
        double z = deviations(delta, prompts);
        return levels.stream().filter(level -> level.z <= z).reduce((first, second) -> second).orElseThrow();
    }
}
