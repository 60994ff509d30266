package org.diffusionclassifier.strategy.covariance;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.commons.math3.analysis.solvers.BrentSolver;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.RealMatrix;
import org.apache.commons.math3.special.Gamma;
import org.apache.commons.math3.stat.descriptive.SummaryStatistics;
import org.apache.commons.math3.util.FastMath;
import org.diffusionclassifier.score.Trial;

/**
 * How the paired differences of errors covary over trials. Trial k is the same timestep and the same noise for every
 * image and class, so this can be learned once. It takes no labels: an image's best class is the one that all trials
 * decide for, and its rivals' differences d [N] from that one are what is learned from. The model is
 *
 * <pre>
 *     d = σ z,    E z = 0,    E z zᵀ = Σ,    σ² ~ ν σ₀² / χ²(ν)
 * </pre>
 *
 * a shape Σ [N, N] that all rivals share, and a scale σ of each. Σ is the second moment of the d of unit size, and not
 * their covariance about a mean: that a rival's mean difference is above zero by as much as is usual is so part of it,
 * and not that it is above zero, since the best class is not known while it races.
 *
 * <p>ν and σ₀ are those of Smyth (2004), "Linear models and empirical Bayes methods", SAGMB 3(1), section 6.2, from the
 * mean and variance of ln q, where q = dᵀΣ⁻¹d/N is the estimate of σ² from a whole rival.
 *
 * @param trials  N, by ascending timestep
 * @param sigma   Σ, of mean diagonal near 1
 * @param scale   σ₀², in squared units of an error
 * @param freedom ν, above 0: the number of trials that σ₀ counts for
 */
public record TrialCovariance(List<Trial> trials, RealMatrix sigma, double scale, double freedom) {

    /**
     * What is added to the diagonal of Σ, relative to its mean: what a trial has to itself, which few images show too
     * little of. Learned from 50 images, 0.02 takes 59 pairs where 0.05 and 0.1 take 50; from 250, all take about 50.
     */
    private static final double RIDGE = 0.05;

    /** Between these, ν: beyond, the scales of rivals differ by all or nothing. */
    private static final double LEAST_FREEDOM = 0.5;
    private static final double MOST_FREEDOM = 100;

    public TrialCovariance {
        trials = List.copyOf(trials);
    }

    /** Whether some image has two classes whose errors differ. */
    public static boolean isLearnable(float[][][] errors, List<Integer> classes) {
        return Arrays.stream(errors).anyMatch(image -> !differences(image, classes).isEmpty());
    }

    /**
     * Learns from images whose every prompt saw every trial.
     *
     * @param errors  [images][prompts][trials]
     * @param classes of each prompt; those of an image's best class are not its rivals
     * @param trials  by ascending timestep
     * @throws IllegalArgumentException unless it {@link #isLearnable}
     */
    public static TrialCovariance learn(float[][][] errors, List<Integer> classes, List<Trial> trials) {
        var rivals = new ArrayList<double[]>();
        for (float[][] image : errors) {
            rivals.addAll(differences(image, classes));
        }
        if (rivals.isEmpty()) {
            throw new IllegalArgumentException("no differences to learn from");
        }
        int n = trials.size();
        var sum = new double[n][n];
        for (double[] d : rivals) {
            double squares = sumOfSquares(d);
            for (int i = 0; i < n; i++) {
                for (int j = 0; j < n; j++) {
                    sum[i][j] += d[i] * d[j] * n / squares / rivals.size();
                }
            }
        }
        for (int i = 0; i < n; i++) {
            sum[i][i] += RIDGE;     // the diagonal has mean 1
        }
        var sigma = new Array2DRowRealMatrix(sum, false);
        return withScale(trials, sigma, rivals);
    }

    /** A rival's errors less those of the image's best prompt, for every rival that differs from it. */
    private static List<double[]> differences(float[][] image, List<Integer> classes) {
        int best = IntStream.range(0, image.length).boxed()
                .min(Comparator.comparingDouble(prompt -> sum(image[prompt]))).orElseThrow();
        var rivals = new ArrayList<double[]>();
        for (int rival = 0; rival < image.length; rival++) {
            float[] above = image[rival];
            if (!classes.get(rival).equals(classes.get(best))) {
                double[] d = IntStream.range(0, above.length)
                        .mapToDouble(i -> (double) above[i] - image[best][i]).toArray();
                if (IntStream.range(0, d.length).anyMatch(i -> d[i] != 0)) {
                    rivals.add(d);
                }
            }
        }
        return rivals;
    }

    private static double sum(float[] errors) {
        return IntStream.range(0, errors.length).mapToDouble(i -> errors[i]).sum();
    }

    /**
     * ln σ² of ν σ₀²/χ²(ν) has mean ln σ₀² + ln(ν/2) − ψ(ν/2) and variance ψ′(ν/2); estimating it by N numbers adds
     * ψ(N/2) − ln(N/2) and ψ′(N/2).
     */
    private static TrialCovariance withScale(List<Trial> trials, RealMatrix sigma, List<double[]> rivals) {
        int n = trials.size();
        var forecast = new MeanForecast(sigma);
        var logs = new SummaryStatistics();
        for (double[] d : rivals) {
            logs.addValue(FastMath.log(sumOfSquares(forecast.innovations(forecast.ordered(d))) / n));
        }
        double variance = (rivals.size() < 2 ? 0 : logs.getVariance()) - Gamma.trigamma(n / 2.0);
        double half = variance <= Gamma.trigamma(MOST_FREEDOM / 2) ? MOST_FREEDOM / 2
                : variance >= Gamma.trigamma(LEAST_FREEDOM / 2) ? LEAST_FREEDOM / 2
                : new BrentSolver().solve(100, x -> Gamma.trigamma(x) - variance, LEAST_FREEDOM / 2, MOST_FREEDOM / 2);
        double log = logs.getMean() + Gamma.digamma(half) - FastMath.log(half) - Gamma.digamma(n / 2.0)
                + FastMath.log(n / 2.0);
        return new TrialCovariance(trials, sigma, FastMath.exp(log), 2 * half);
    }

    /** s², the scale of a rival of which n innovations are known: (ν σ₀² + Σ y²) / (ν + n). */
    double scaleAfter(double... innovations) {
        return (freedom * scale + sumOfSquares(innovations)) / (freedom + innovations.length);
    }

    private static double sumOfSquares(double[] numbers) {
        double sum = 0;
        for (double each : numbers) {
            sum += each * each;
        }
        return sum;
    }
}
