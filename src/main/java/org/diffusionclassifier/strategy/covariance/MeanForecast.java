package org.diffusionclassifier.strategy.covariance;

import java.util.stream.IntStream;
import org.apache.commons.math3.linear.RealMatrix;
import org.diffusionclassifier.score.PromptErrors;

/**
 * The mean over all N trials, forecast from the first n of them by the best linear predictor under a covariance Σ.
 *
 * <p>With the trials in some order, Σ = L Lᵀ (Cholesky), and y = L⁻¹ d are a difference's <em>innovations</em>: y_j is
 * what trial j brings beyond its prediction from the trials before it, in units of its deviation. They are uncorrelated
 * and of variance σ², so that the mean m = Σ d_k / N is, with the gains g_j = Cov(m, y_j) = (Lᵀ1)_j / N,
 *
 * <pre>
 *     m = Σ_{j ≤ N} g_j y_j,    its predictor from n trials  Σ_{j ≤ n} g_j y_j,    what that misses  σ² Σ_{j > n} g_j²
 * </pre>
 *
 * <p>So the order is chosen greedily by the gains: each next trial is the one that leaves least, the one of the largest
 * g². This is the Cholesky decomposition with pivots, only that the pivot is the row that tells most of the mean, and
 * not the one of the largest diagonal.
 */
final class MeanForecast {

    private final int[] order;
    private final double[][] lower;
    private final double[] gains;
    private final double[] missed;

    /** @throws IllegalArgumentException if Σ is not positive definite */
    MeanForecast(RealMatrix sigma) {
        int n = sigma.getRowDimension();
        double[][] left = sigma.getData();      // Σ less what the trials chosen explain of it
        var covariances = new double[n];        // of each trial with the mean, likewise
        for (int k = 0; k < n; k++) {
            for (int i = 0; i < n; i++) {
                covariances[k] += left[k][i] / n;
            }
        }
        order = new int[n];
        gains = new double[n];
        var columns = new double[n][];          // of L, with the rows in the trials' own order
        var chosen = new boolean[n];
        for (int j = 0; j < n; j++) {
            int next = next(left, covariances, chosen);
            double deviation = Math.sqrt(left[next][next]);
            gains[j] = covariances[next] / deviation;
            columns[j] = new double[n];
            for (int i = 0; i < n; i++) {
                columns[j][i] = left[i][next] / deviation;
            }
            for (int i = 0; i < n; i++) {
                covariances[i] -= columns[j][i] * gains[j];
                for (int k = 0; k < n; k++) {
                    left[i][k] -= columns[j][i] * columns[j][k];
                }
            }
            order[j] = next;
            chosen[next] = true;
        }
        lower = new double[n][];
        for (int i = 0; i < n; i++) {
            lower[i] = new double[i + 1];
            for (int j = 0; j <= i; j++) {
                lower[i][j] = columns[j][order[i]];
            }
        }
        missed = new double[n + 1];
        for (int j = n - 1; j >= 0; j--) {
            missed[j] = missed[j + 1] + gains[j] * gains[j];
        }
    }

    private static int next(double[][] left, double[] covariances, boolean[] chosen) {
        int best = -1;
        double most = -1;
        for (int k = 0; k < chosen.length; k++) {
            if (chosen[k]) {
                continue;
            }
            double explained = covariances[k] * covariances[k] / left[k][k];
            if (!(left[k][k] > 0 && explained < Double.POSITIVE_INFINITY)) {
                throw new IllegalArgumentException("a covariance that is not positive definite");
            }
            if (explained > most) {
                most = explained;
                best = k;
            }
        }
        return best;
    }

    /** N. */
    int trials() {
        return order.length;
    }

    /** Which trial comes when. */
    int[] order() {
        return order.clone();
    }

    /** Numbers of all trials, in the order of the race. */
    double[] ordered(double[] byTrial) {
        var ordered = new double[order.length];
        for (int j = 0; j < ordered.length; j++) {
            ordered[j] = byTrial[order[j]];
        }
        return ordered;
    }

    /** @param differences of the first n trials in the order of the race; y by forward substitution */
    double[] innovations(double[] differences) {
        var innovations = new double[differences.length];
        for (int j = 0; j < innovations.length; j++) {
            double predicted = 0;
            for (int i = 0; i < j; i++) {
                predicted += lower[j][i] * innovations[i];
            }
            innovations[j] = (differences[j] - predicted) / lower[j][j];
        }
        return innovations;
    }

    /** Of one prompt's first n errors. */
    double[] innovations(PromptErrors errors, int n) {
        return innovations(IntStream.range(0, n).mapToDouble(i -> errors.errors()[i]).toArray());
    }

    /** Of the differences of two prompts' first n errors. */
    double[] innovations(PromptErrors other, PromptErrors best, int n) {
        return innovations(IntStream.range(0, n)
                .mapToDouble(i -> (double) other.errors()[i] - best.errors()[i]).toArray());
    }

    /** Σ g_j y_j over innovations from {@code from} on. */
    double mean(double[] innovations, int from) {
        double mean = 0;
        for (int j = from; j < innovations.length; j++) {
            mean += gains[j] * innovations[j];
        }
        return mean;
    }

    /** What n trials miss of the mean: the variance of the forecast's error, relative to σ²; 0 for all. */
    double missed(int n) {
        return missed[n];
    }
}
