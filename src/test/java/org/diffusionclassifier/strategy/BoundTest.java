package org.diffusionclassifier.strategy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.commons.math3.analysis.UnivariateFunction;
import org.apache.commons.math3.analysis.integration.IterativeLegendreGaussIntegrator;
import org.apache.commons.math3.distribution.GammaDistribution;
import org.apache.commons.math3.distribution.NormalDistribution;
import org.apache.commons.math3.distribution.RealDistribution;
import org.apache.commons.math3.random.Well19937c;
import org.apache.commons.math3.stat.inference.TTest;
import org.apache.commons.math3.util.FastMath;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.score.TableScorer;
import org.diffusionclassifier.score.Trial;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** {@link AnytimeT} against its definition and in simulated races; {@link PairedT} against Commons Math's t-test. */
class BoundTest {

    private static final int RACES = 2000;
    private static final int PROMPTS = 4;
    private static final int TRIALS = 60;
    private static final RgbImage IMAGE = new RgbImage(1, 1, new byte[3]);

    /** The ratio by integrals over mean/σ and σ instead of in closed form: those of the differences' densities. */
    @Test
    void theRatioIsThatOfTheLikelihoods() {
        double[] differences = {0.3, -0.1, 0.8, 0.45, 0.2};
        double numerator = integral(effect -> new NormalDistribution(null, 0, 1).density(effect)
                * overScales(differences, effect), -8, 8);
        assertEquals(numerator / overScales(differences, 0), FastMath.exp(AnytimeT.logRatio(differences)), 1e-4);
    }

    /** ∫ Π N(dᵢ; effect·σ, σ²) dσ/σ, over ln σ. */
    private static double overScales(double[] differences, double effect) {
        return integral(log -> {
            double scale = FastMath.exp(log);
            double density = 1;
            for (double difference : differences) {
                double z = difference / scale - effect;
                density *= FastMath.exp(-z * z / 2) / (scale * FastMath.sqrt(2 * Math.PI));
            }
            return density;
        }, -5, 4);
    }

    private static double integral(UnivariateFunction function, double from, double to) {
        return new IterativeLegendreGaussIntegrator(32, 1e-5, 1e-12).integrate(100_000_000, function, from, to);
    }

    /** In the limit of equal neighbours' and plain variance: with as many rivals alike, and infinitely many trials. */
    @Test
    void thePairedTestIsNearStudentsWhereThereIsNoTrend() {
        var random = new Well19937c(5);
        int agreeing = 0;
        for (int repetition = 0; repetition < 500; repetition++) {
            var differences = new double[1][40];
            for (int i = 0; i < 40; i++) {
                differences[0][i] = 0.3 + random.nextGaussian();
            }
            int[] timesteps = IntStream.range(0, 40).toArray();
            boolean worse = new PairedT().surelyWorse(
                    new Bound.Look(differences, new double[1], timesteps, Integer.MAX_VALUE, 2), 0.05)[0];
            boolean student = new TTest().tTest(0, differences[0]) / 2 < 0.05 && Arrays.stream(differences[0]).sum() > 0;
            agreeing += worse == student ? 1 : 0;
        }
        assertTrue(agreeing > 450, agreeing + " of 500");
    }

    /** Errors as they may come: prompt 0 the best of all by a little, the others alike. */
    enum Errors {
        NORMAL,
        /** Student's t with 3 degrees of freedom, which has no fourth moment. */
        HEAVY_TAILED,
        CORRELATED,
        /** Log-normal. */
        SKEWED,
        /** The later a trial's timestep, the wider. */
        TRENDED
    }

    /**
     * The best prompt loses in at most δ of the races. The binomial's 99.9th percentile of 2000 races at δ itself would
     * still be chance; the bound is good enough to stay below δ without it.
     */
    @ParameterizedTest
    @EnumSource
    void theAnytimeBoundHoldsInSimulatedRaces(Errors kind) {
        double delta = 0.1;
        int lost = lost(kind, new AnytimeT(), delta, 0.05);
        assertTrue(lost <= delta * RACES, lost + " of " + RACES + " races lost");
    }

    /** Looks without end at equal prompts: a test of one look would be fooled by far more than δ of them. */
    @Test
    void repeatedLooksFoolATestOfOneLook() {
        int fooled = lost(Errors.NORMAL, new PairedT(), 0.1, 0.0);
        int anytime = lost(Errors.NORMAL, new AnytimeT(), 0.1, 0.0);
        assertTrue(fooled > 0.1 * RACES, "the simulation is too easy: " + fooled + " lost by the plain test");
        assertTrue(anytime <= 0.1 * RACES, anytime + " lost by the anytime bound");
    }

    /** Races that end in a decision for another prompt than 0, whose mean is {@code ahead} of all others'. */
    private static int lost(Errors kind, Bound bound, double delta, double ahead) {
        List<Trial> trials = IntStream.range(0, TRIALS).mapToObj(i -> new Trial(i * 5, i)).toList();
        List<Integer> classes = IntStream.range(0, PROMPTS).boxed().toList();
        return (int) IntStream.range(0, RACES).parallel().filter(race -> {
            float[][] errors = errors(kind, race, ahead);
            var scorer = new TableScorer(PROMPTS, (trial, prompt) -> errors[prompt][trial.noiseIndex()]);
            Prediction prediction = new AdaptiveEvaluation(scorer, new FlatRace(trials, bound, 1 - delta, classes, 1)).classify(IMAGE);
            return !prediction.isTie() && prediction.winner().prompt() != 0;
        }).count();
    }

    private static float[][] errors(Errors kind, int race, double ahead) {
        var random = new Well19937c(race);
        RealDistribution chiSquared = new GammaDistribution(random, 1.5, 2);
        var errors = new float[PROMPTS][TRIALS];
        for (int trial = 0; trial < TRIALS; trial++) {
            double shared = random.nextGaussian();
            for (int prompt = 0; prompt < PROMPTS; prompt++) {
                double noise = switch (kind) {
                    case NORMAL -> random.nextGaussian();
                    case HEAVY_TAILED -> random.nextGaussian() / FastMath.sqrt(chiSquared.sample() / 3);
                    case CORRELATED -> 5 * shared + 0.3 * prompt * shared + random.nextGaussian();
                    case SKEWED -> FastMath.exp(random.nextGaussian()) - FastMath.exp(0.5);
                    case TRENDED -> random.nextGaussian() * (0.1 + 2.0 * trial / TRIALS);
                };
                errors[prompt][trial] = (float) (10 + noise + (prompt == 0 ? 0 : ahead));
            }
        }
        return errors;
    }
}
