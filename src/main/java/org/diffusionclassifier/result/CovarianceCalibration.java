package org.diffusionclassifier.result;

import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.RealMatrix;
import org.diffusionclassifier.score.Trial;
import org.diffusionclassifier.strategy.Bound;
import org.diffusionclassifier.strategy.Race;
import org.diffusionclassifier.strategy.Strategy;
import org.diffusionclassifier.strategy.covariance.CovarianceBound;
import org.diffusionclassifier.strategy.covariance.ForecastCheck;
import org.diffusionclassifier.strategy.covariance.MeasuredRisk;
import org.diffusionclassifier.strategy.covariance.TrialCovariance;
import org.diffusionclassifier.tensor.InputException;

/**
 * What a recording taught about how trials covary, for races: a {@link TrialCovariance}, what it holds for, how often
 * races by it decide otherwise than all trials, and what a {@link ForecastCheck} should expect. Part of what
 * {@code calibrate} writes, as JSON.
 *
 * @param conditions what the errors depended on, by name: model, loss, noise and the like, but not the prompts
 * @param images     it was learned from
 * @param timesteps  [N] of its trials, ascending
 * @param noise      [N], the index of each trial's noise
 * @param covariance Σ, the lower triangle, row by row
 * @param scale      σ₀²
 * @param freedom    ν
 * @param risk       measured on images that were held out: see {@link CrossFit}
 * @param expected   likewise
 */
public record CovarianceCalibration(SortedMap<String, String> conditions, int images, List<Integer> timesteps,
        List<Integer> noise, float[][] covariance, double scale, double freedom, MeasuredRisk risk,
        ForecastCheck.Expected expected) {

    /** Fewer do not show Σ: on the recording that comes with the sources, 10 take more pairs than they save. */
    public static final int LEAST_IMAGES = 20;

    private static final int MOST_TRIALS = 1000;

    /** Settings of a recording that its errors do not depend on, or on which Σ does not. */
    private static final Set<String> APART = Set.of("dataset", "images-and-classes", "order", "shard", "device",
            "prompts", "n-samples", "to-keep", "interval", "prior", "calibration");

    /** Enough for Σ, whose least eigenvalue is above the ridge of its diagonal. */
    private static final double PRECISION = 1e5;

    /**
     * Learns from a recording.
     *
     * @throws InputException for fewer than {@value #LEAST_IMAGES} images, fewer than two classes, or over
     *                        {@value #MOST_TRIALS} trials
     */
    public static CovarianceCalibration learn(ErrorRecording recording) {
        lack(recording).ifPresent(lack -> {
            throw new InputException("covariance of trials: expected " + lack);
        });
        TrialCovariance learned = TrialCovariance.learn(recording.errors(), recording.classes(), recording.trials());
        var crossFit = CrossFit.of(recording);
        return new CovarianceCalibration(conditions(recording.settings()), recording.images().size(),
                recording.trials().stream().map(Trial::timestep).toList(),
                recording.trials().stream().map(Trial::noiseIndex).toList(), lowerTriangle(learned.sigma()),
                learned.scale(), learned.freedom(), crossFit.risk(), crossFit.expected());
    }

    /** What a recording lacks to learn from, if anything: what was expected, and what was found. */
    public static Optional<String> lack(ErrorRecording recording) {
        int images = recording.images().size();
        int trials = recording.trials().size();
        return images < LEAST_IMAGES
                ? Optional.of("at least " + LEAST_IMAGES + " images to learn from, found " + images)
                : recording.classes().stream().distinct().count() < 2 ? Optional.of("two classes, found one")
                : trials > MOST_TRIALS ? Optional.of("at most " + MOST_TRIALS + " trials, found " + trials)
                : !CrossFit.isPossible(recording) ? Optional.of("errors that differ between classes, found equal ones")
                : Optional.empty();
    }

    /** Of settings, those that errors and what was learned of them depend on. */
    private static SortedMap<String, String> conditions(SortedMap<String, String> settings) {
        var conditions = new TreeMap<>(settings);
        conditions.keySet().removeAll(APART);
        return conditions;
    }

    private static float[][] lowerTriangle(RealMatrix sigma) {
        var rows = new float[sigma.getRowDimension()][];
        for (int i = 0; i < rows.length; i++) {
            rows[i] = new float[i + 1];
            for (int j = 0; j <= i; j++) {
                rows[i][j] = (float) (Math.round(sigma.getEntry(i, j) * PRECISION) / PRECISION);
            }
        }
        return rows;
    }

    /**
     * Refuses what {@link #learn} cannot have made.
     *
     * @throws InputException naming the file
     */
    void check(Path file) {
        if (Stream.of(conditions, timesteps, noise, covariance, risk, expected).anyMatch(Objects::isNull)) {
            throw new InputException(file + ": covariance: expected conditions, timesteps, noise, covariance, risk and "
                    + "expected, found one of them missing");
        }
        int n = timesteps.size();
        boolean shaped = n > 0 && noise.size() == n && covariance.length == n
                && IntStream.range(0, n).allMatch(i -> covariance[i] != null && covariance[i].length == i + 1);
        if (!shaped) {
            throw new InputException(file + ": covariance: expected a lower triangle with a row for each of " + n
                    + " timesteps and noises, found something else");
        }
        boolean ascending = IntStream.range(1, risk.levels().size())
                .allMatch(i -> risk.levels().get(i).z() > risk.levels().get(i - 1).z());
        if (risk.levels().isEmpty() || !ascending || risk.images() < 1 || risk.prompts() < 2) {
            throw new InputException(file + ": covariance: expected a risk of two prompts at least, by ascending z, "
                    + "found something else");
        }
        if (!(scale > 0 && scale < Double.POSITIVE_INFINITY && freedom > 0 && freedom < Double.POSITIVE_INFINITY)) {
            throw new InputException(file + ": covariance: expected a scale and a freedom above 0, found " + scale
                    + " and " + freedom);
        }
        try {
            bound();
        } catch (IllegalArgumentException e) {
            throw new InputException(file + ": covariance: expected a positive definite matrix, found another", e);
        }
    }

    private TrialCovariance trialCovariance() {
        int n = timesteps.size();
        var sigma = new Array2DRowRealMatrix(n, n);
        for (int i = 0; i < n; i++) {
            for (int j = 0; j <= i; j++) {
                sigma.setEntry(i, j, covariance[i][j]);
                sigma.setEntry(j, i, covariance[i][j]);
            }
        }
        return new TrialCovariance(trials(), sigma, scale, freedom);
    }

    private List<Trial> trials() {
        return IntStream.range(0, timesteps.size()).mapToObj(i -> new Trial(timesteps.get(i), noise.get(i))).toList();
    }

    /** What races judge rivals by. */
    public Bound bound() {
        return new CovarianceBound(trialCovariance(), risk::deviations);
    }

    /** For races by {@link #bound}, which it is to be told of. */
    public ForecastCheck check() {
        return new ForecastCheck(trialCovariance(), expected);
    }

    /** A race by it over recorded errors. @throws InputException if it does not hold for them */
    Strategy race(ErrorRecording recording, Race race, int pairsAhead) {
        List<Trial> trials = race.trials(recording.drawnFrom(), recording.nTrials());
        mismatch(conditions(recording.settings()), trials).ifPresent(how -> {
            throw new InputException("covariance of trials: " + how);
        });
        return race.strategy(trials, recording.classes(), pairsAhead, bound());
    }

    /**
     * Why it does not hold for a run, in a few words; empty if it does.
     *
     * @param settings what the run's errors depend on, by name
     * @param trials   that its races may come to evaluate, by ascending timestep
     */
    public Optional<String> mismatch(SortedMap<String, String> settings, List<Trial> trials) {
        SortedMap<String, String> now = conditions(settings);
        var names = new TreeSet<>(conditions.keySet());
        names.addAll(now.keySet());
        for (String name : names) {
            if (!Objects.equals(conditions.get(name), now.get(name))) {
                return Optional.of("learned with " + name + " " + shown(conditions.get(name)) + ", and here it is "
                        + shown(now.get(name)));
            }
        }
        return trials.equals(trials()) ? Optional.empty()
                : Optional.of("learned of " + timesteps.size() + " trials, and here are "
                        + (trials.size() == timesteps.size() ? "others" : trials.size()));
    }

    private static String shown(String value) {
        return value == null ? "not set" : InputException.quoted(value);
    }
}
