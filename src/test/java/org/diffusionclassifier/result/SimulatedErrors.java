package org.diffusionclassifier.result;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.CholeskyDecomposition;
import org.apache.commons.math3.linear.RealMatrix;
import org.apache.commons.math3.random.RandomGenerator;
import org.apache.commons.math3.random.Well19937c;
import org.diffusionclassifier.score.Trial;
import org.diffusionclassifier.strategy.TrialPlan;

/**
 * Recordings of errors that are drawn and not measured: of class c on trial k, b_k + m_c p_k + s_c (L ξ_c)_k, with b and
 * p the same for all, m and s of each class and image, ξ standard normal, and L Lᵀ a covariance that is known.
 */
final class SimulatedErrors {

    static final int TRIALS = 50;
    private static final int COMPONENTS = 4;

    private final RandomGenerator random;
    private final RealMatrix lower;

    /** @param shared the share of a trial's variance that other trials have in common with it, in [0, 1) */
    SimulatedErrors(long seed, double shared) {
        random = new Well19937c(seed);
        lower = new CholeskyDecomposition(covariance(shared)).getL();
    }

    /** Cosines over the trials, the slower the stronger, and what each trial has to itself. */
    private static RealMatrix covariance(double shared) {
        var covariance = new Array2DRowRealMatrix(TRIALS, TRIALS);
        for (int i = 0; i < TRIALS; i++) {
            for (int j = 0; j < TRIALS; j++) {
                double sum = i == j ? 1 - shared : 0;
                for (int c = 0; c < COMPONENTS; c++) {
                    sum += 2 * shared / COMPONENTS * (cosine(c, i) * cosine(c, j));
                }
                covariance.setEntry(i, j, sum);
            }
        }
        return covariance;
    }

    private static double cosine(int component, int trial) {
        return Math.cos(Math.PI * component * (trial + 0.5) / TRIALS);
    }

    /** @param scale of the deviations s; 1 is as any other */
    ErrorRecording recording(int images, int classes, double scale) {
        var errors = new float[images][classes][TRIALS];
        for (float[][] image : errors) {
            for (float[] of : image) {
                double mean = Math.abs(random.nextGaussian());
                double deviation = scale * Math.exp(0.3 * random.nextGaussian());
                double[] noise = lower.operate(random(TRIALS));
                for (int k = 0; k < TRIALS; k++) {
                    of[k] = (float) (10 + Math.sin(k) + mean * (0.5 + (double) k / TRIALS) + deviation * noise[k]);
                }
            }
        }
        List<Trial> trials = TrialPlan.of(1000, List.of(TRIALS), 1).stages().get(0);
        List<Integer> indices = IntStream.range(0, images).boxed().toList();
        return new ErrorRecording(errors, indices, indices.stream().map(i -> 0).toList(),
                IntStream.range(0, classes).boxed().toList(), trials, 256, 1000, new TreeMap<>(Map.of("noise", "drawn")));
    }

    private double[] random(int n) {
        return IntStream.range(0, n).mapToDouble(i -> random.nextGaussian()).toArray();
    }
}
