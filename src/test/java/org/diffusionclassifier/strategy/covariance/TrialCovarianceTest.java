package org.diffusionclassifier.strategy.covariance;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.stream.IntStream;
import org.apache.commons.math3.distribution.ChiSquaredDistribution;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.CholeskyDecomposition;
import org.apache.commons.math3.linear.LUDecomposition;
import org.apache.commons.math3.linear.RealMatrix;
import org.apache.commons.math3.random.Well19937c;
import org.diffusionclassifier.score.Trial;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@link TrialCovariance} and {@link MeanForecast} against the plain formulas, in loops. */
class TrialCovarianceTest {

    private static List<Trial> trials(int n) {
        return IntStream.range(0, n).mapToObj(i -> new Trial(10 * i + 5, i)).toList();
    }

    /** B Bᵀ of random B, n × 2n: far from the identity. */
    private static RealMatrix sigma(int n, long seed) {
        var random = new Well19937c(seed);
        var b = new double[n][2 * n];
        for (double[] row : b) {
            for (int j = 0; j < row.length; j++) {
                row[j] = random.nextGaussian() + 0.5;
            }
        }
        var matrix = new Array2DRowRealMatrix(b);
        return matrix.multiply(matrix.transpose());
    }

    /** Σ_ss⁻¹ Σ_s· 1/N of the trials seen, by elimination. */
    private static double[] weights(RealMatrix sigma, int[] seen) {
        int n = sigma.getRowDimension();
        var within = new double[seen.length][seen.length];
        var withMean = new double[seen.length];
        for (int i = 0; i < seen.length; i++) {
            for (int j = 0; j < seen.length; j++) {
                within[i][j] = sigma.getEntry(seen[i], seen[j]);
            }
            for (int k = 0; k < n; k++) {
                withMean[i] += sigma.getEntry(seen[i], k) / n;
            }
        }
        return new LUDecomposition(new Array2DRowRealMatrix(within)).getSolver().getInverse().operate(withMean);
    }

    /** E (mean − Σ w_s d_s)², term by term. */
    private static double missed(RealMatrix sigma, int[] seen, double[] weights) {
        int n = sigma.getRowDimension();
        var coefficients = new double[n];
        for (int k = 0; k < n; k++) {
            coefficients[k] = 1.0 / n;
        }
        for (int i = 0; i < seen.length; i++) {
            coefficients[seen[i]] -= weights[i];
        }
        double sum = 0;
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < n; j++) {
                sum += coefficients[i] * coefficients[j] * sigma.getEntry(i, j);
            }
        }
        return sum;
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 7, 13})
    void forecastsAreTheBestLinearPredictors(int n) {
        RealMatrix sigma = sigma(n, n);
        var forecast = new MeanForecast(sigma);
        var random = new Well19937c(9);
        double[] differences = IntStream.range(0, n).mapToDouble(i -> random.nextGaussian()).toArray();
        int[] order = forecast.order();
        for (int seen = 1; seen <= n; seen++) {
            int[] first = IntStream.range(0, seen).map(i -> order[i]).toArray();
            double[] weights = weights(sigma, first);
            double plain = 0;
            for (int i = 0; i < seen; i++) {
                plain += weights[i] * differences[first[i]];
            }
            double[] ordered = IntStream.of(first).mapToDouble(k -> differences[k]).toArray();
            assertEquals(plain, forecast.mean(forecast.innovations(ordered), 0), 1e-9, seen + " of " + n);
            assertEquals(missed(sigma, first, weights), forecast.missed(seen), 1e-9 * forecast.missed(0), seen + " of " + n);
        }
        assertEquals(0, forecast.missed(n));
    }

    /** Every trial that is left is tried, and the one that leaves least is next. */
    @Test
    void theOrderIsGreedy() {
        RealMatrix sigma = sigma(9, 4);
        int[] order = new MeanForecast(sigma).order();
        for (int done = 0; done < 9; done++) {
            var seen = new int[done + 1];
            System.arraycopy(order, 0, seen, 0, done);
            double least = Double.POSITIVE_INFINITY;
            int best = -1;
            for (int k = 0; k < 9; k++) {
                int candidate = k;
                if (IntStream.range(0, done).noneMatch(i -> order[i] == candidate)) {
                    seen[done] = k;
                    double left = missed(sigma, seen, weights(sigma, seen));
                    if (left < least - 1e-12) {
                        least = left;
                        best = k;
                    }
                }
            }
            if (done < 8) {     // the last one leaves nothing, whichever it is
                assertEquals(best, order[done], "trial " + done);
            }
        }
    }

    @Test
    void innovationsAreUncorrelatedAndOfVarianceOne() {
        RealMatrix sigma = sigma(6, 2);
        var forecast = new MeanForecast(sigma);
        var whitening = new double[6][6];       // the innovations of unit vectors, which are linear
        for (int k = 0; k < 6; k++) {
            var unit = new double[6];
            unit[k] = 1;
            double[] innovations = forecast.innovations(forecast.ordered(unit));
            for (int j = 0; j < 6; j++) {
                whitening[j][k] = innovations[j];
            }
        }
        for (int i = 0; i < 6; i++) {
            for (int j = 0; j < 6; j++) {
                double covariance = 0;
                for (int k = 0; k < 6; k++) {
                    for (int l = 0; l < 6; l++) {
                        covariance += whitening[i][k] * sigma.getEntry(k, l) * whitening[j][l];
                    }
                }
                assertEquals(i == j ? 1 : 0, covariance, 1e-9, i + ", " + j);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, -1, Double.NaN})
    void whatIsNotPositiveDefiniteIsRefused(double last) {
        var sigma = new Array2DRowRealMatrix(new double[][] {{1, 0}, {0, last}});
        assertThrows(IllegalArgumentException.class, () -> new MeanForecast(sigma));
    }

    /** Three prompts, the last two of one class; in the second image the best class is theirs. */
    @Test
    void theSecondMomentIsOfRivalsOfOtherClassesAtUnitSize() {
        float[][][] errors = {
                {{1, 1, 1}, {2, 3, 1}, {1, 5, 4}},
                {{4, 2, 6}, {3, 3, 3}, {1, 1, 1}},
                {{7, 7, 7}, {7, 7, 7}, {7, 7, 7}}};     // nothing to learn from
        var learned = TrialCovariance.learn(errors, List.of(0, 1, 1), trials(3));
        double[][] rivals = {{1, 2, 0}, {0, 4, 3}, {3, 1, 5}};
        for (int i = 0; i < 3; i++) {
            for (int j = 0; j < 3; j++) {
                double moment = 0;
                for (double[] d : rivals) {
                    moment += d[i] * d[j] / ((d[0] * d[0] + d[1] * d[1] + d[2] * d[2]) / 3) / 3;
                }
                assertEquals(moment + (i == j ? 0.05 : 0), learned.sigma().getEntry(i, j), 1e-12);
            }
        }
    }

    /** Differences drawn from the model itself give its scale and freedom back. */
    @ParameterizedTest
    @ValueSource(doubles = {2, 6, 20})
    void scaleAndFreedomAreThoseOfTheModel(double freedom) {
        int n = 40;
        var lower = new CholeskyDecomposition(sigma(n, 1).scalarMultiply(1.0 / n)).getL();
        var random = new Well19937c(8);
        var chiSquared = new ChiSquaredDistribution(random, freedom);
        var errors = new float[3000][2][n];
        for (float[][] image : errors) {
            double deviation = Math.sqrt(freedom * 0.09 / chiSquared.sample());
            double[] z = lower.operate(IntStream.range(0, n).mapToDouble(i -> random.nextGaussian()).toArray());
            for (int i = 0; i < n; i++) {
                image[1][i] = (float) (deviation * z[i]);
            }
        }
        var learned = TrialCovariance.learn(errors, List.of(0, 1), trials(n));
        // Only the product of scale and Σ is determined; Σ is scaled to a mean diagonal of 1 and its ridge.
        double meanDiagonal = sigma(n, 1).getTrace() / n / n;
        assertEquals(0.09 * meanDiagonal, learned.scale(), 0.2 * 0.09 * meanDiagonal);
        assertEquals(freedom, learned.freedom(), 0.2 * freedom);
    }

    @Test
    void imagesThatDoNotDifferTeachNothing() {
        assertThrows(IllegalArgumentException.class,
                () -> TrialCovariance.learn(new float[2][2][3], List.of(0, 1), trials(3)));
        assertThrows(IllegalArgumentException.class,
                () -> TrialCovariance.learn(new float[][][] {{{1, 2}, {3, 4}}}, List.of(0, 0), trials(2)));
    }

    /** ν σ₀² = 2 · 3, and squares of 1 and 2. */
    @Test
    void aScaleIsDrawnTowardsThatOfAllRivals() {
        var covariance = new TrialCovariance(trials(2), sigma(2, 1), 3, 2);
        assertArrayEquals(new double[] {3, (6 + 1.0) / 3, (6 + 1 + 4.0) / 4},
                new double[] {covariance.scaleAfter(), covariance.scaleAfter(1), covariance.scaleAfter(1, -2)}, 1e-12);
    }
}
