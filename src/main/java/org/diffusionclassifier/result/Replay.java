package org.diffusionclassifier.result;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.apache.commons.math3.stat.descriptive.DescriptiveStatistics;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.score.RecordedScorer;
import org.diffusionclassifier.strategy.AdaptiveEvaluation;
import org.diffusionclassifier.strategy.Posterior;
import org.diffusionclassifier.strategy.Prediction;
import org.diffusionclassifier.strategy.Race;
import org.diffusionclassifier.strategy.Strategy;
import org.diffusionclassifier.strategy.StrategySpec;

/**
 * What a strategy would have done on recorded images.
 *
 * @param strategy  its text
 * @param images    how many
 * @param right     of them, by their labels
 * @param agreeing  how many it decides as evaluating everything does
 * @param ties      how many it leaves undecided, their best prompt counting
 * @param meanPairs pairs an image
 * @param median    of the pairs
 * @param most      their 95th percentile
 * @param calibrationError of its predictions' probabilities: see {@link Reliability}
 */
public record Replay(String strategy, int images, int right, int agreeing, int ties, double meanPairs, double median,
        double most, double calibrationError) {

    private static final RgbImage NOTHING = new RgbImage(1, 1, new byte[3]);

    /**
     * Replays a strategy over every image. A race by covariance is replayed on each half of the images, every other
     * one, by what the other half taught.
     *
     * @param pairsAhead  as {@link StrategySpec#strategy} has it
     * @param temperature of the probabilities
     * @throws InputException if it asks for trials that were not recorded, or too little was recorded to learn from
     */
    public static Replay of(ErrorRecording recording, StrategySpec plan, int pairsAhead, double temperature) {
        if (plan instanceof Race race && race.bound().equals(Race.COVARIANCE)) {
            Strategy ofEven = CovarianceCalibration.learn(recording.every(2, 1)).race(recording, race, pairsAhead);
            Strategy ofOdd = CovarianceCalibration.learn(recording.every(2, 0)).race(recording, race, pairsAhead);
            return of(recording, plan, temperature, image -> image % 2 == 0 ? ofEven : ofOdd);
        }
        Strategy strategy = plan.strategy(recording.drawnFrom(), recording.nTrials(), recording.classes(), pairsAhead);
        return of(recording, plan, temperature, image -> strategy);
    }

    /**
     * Replays a race by a covariance learned from elsewhere over every image.
     *
     * @throws InputException if it was learned under other conditions
     */
    public static Replay of(ErrorRecording recording, Race race, int pairsAhead, double temperature,
                            CovarianceCalibration learned) {
        Strategy strategy = learned.race(recording, race, pairsAhead);
        return of(recording, race, temperature, image -> strategy);
    }

    private static Replay of(ErrorRecording recording, StrategySpec plan, double temperature,
                             IntFunction<Strategy> strategyOf) {
        var posterior = Posterior.uniform(recording.elements(), temperature, recording.classes().size());
        var outcomes = new ArrayList<Outcome>();
        var pairs = new DescriptiveStatistics();
        int agreeing = 0;
        for (int image = 0; image < recording.images().size(); image++) {
            Prediction prediction = decide(recording, image, strategyOf.apply(image));
            Integer predicted = recording.classes().get(prediction.winner().prompt());
            outcomes.add(new Outcome(image, recording.labels().get(image), predicted, prediction.pairs(),
                    posterior.of(prediction, prediction.classRanks(recording.classes()))[0], prediction.isTie()));
            agreeing += Objects.equals(predicted, exhaustive(recording, image)) ? 1 : 0;
            pairs.addValue(prediction.pairs());
        }
        return new Replay(plan.toString(), outcomes.size(), (int) outcomes.stream().filter(Outcome::correct).count(),
                agreeing, (int) outcomes.stream().filter(Outcome::tie).count(), pairs.getMean(), pairs.getPercentile(50),
                pairs.getPercentile(95), Reliability.of(outcomes).error());
    }

    /** What a strategy decides about a recorded image. */
    static Prediction decide(ErrorRecording recording, int image, Strategy strategy) {
        return decide(recording, image, strategy, new double[recording.classes().size()]);
    }

    /** The same with a handicap for each prompt. */
    static Prediction decide(ErrorRecording recording, int image, Strategy strategy, double[] handicaps) {
        var scorer = new RecordedScorer(recording.errors()[image], recording.trials(), recording.elements(),
                recording.timesteps());
        return new AdaptiveEvaluation(scorer, strategy, handicaps).classify(NOTHING);
    }

    /** The class of the smallest mean over all that was recorded. */
    static Integer exhaustive(ErrorRecording recording, int image) {
        double[] means = meanErrors(recording, image);
        int best = IntStream.range(0, means.length).boxed().min((a, b) -> Double.compare(means[a], means[b]))
                .orElseThrow();
        return recording.classes().get(best);
    }

    /** Of each prompt over all trials. */
    static double[] meanErrors(ErrorRecording recording, int image) {
        return List.of(recording.errors()[image]).stream()
                .mapToDouble(errors -> IntStream.range(0, errors.length).mapToDouble(i -> errors[i]).sum() / errors.length)
                .toArray();
    }
}
