package org.diffusionclassifier.result;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.diffusionclassifier.strategy.FlatRace;
import org.diffusionclassifier.strategy.Prediction;
import org.diffusionclassifier.strategy.Race;
import org.diffusionclassifier.strategy.covariance.CovarianceBound;
import org.diffusionclassifier.strategy.covariance.ForecastCheck;
import org.diffusionclassifier.strategy.covariance.MeasuredRisk;
import org.diffusionclassifier.strategy.covariance.TrialCovariance;

/**
 * What races by a covariance do on images that it was not learned from: each half of a recording's images, every other
 * one, is raced by what the other half taught.
 *
 * @param risk     how often they decide otherwise than all trials
 * @param expected what a {@link ForecastCheck} finds on them
 */
record CrossFit(MeasuredRisk risk, ForecastCheck.Expected expected) {

    /** The z that are tried: ½ to 4. */
    private static final double[] DEVIATIONS = IntStream.rangeClosed(4, 32).mapToDouble(i -> i / 8.0).toArray();

    /** The z of the races whose forecasts are checked; the check hardly depends on it. */
    private static final double CHECKED = 2;

    /** One half of the images, and what the other half taught. */
    private record Half(ErrorRecording images, TrialCovariance learned) {

        static Half of(ErrorRecording recording, int parity) {
            ErrorRecording other = recording.every(2, 1 - parity);
            return new Half(recording.every(2, parity),
                    TrialCovariance.learn(other.errors(), other.classes(), other.trials()));
        }

        /** Races that look after every trial. */
        List<Prediction> races(double z) {
            var bound = new CovarianceBound(learned, (delta, prompts) -> z);
            var strategy = new FlatRace(images.trials(), bound, Race.CONFIDENCE, images.classes(), 1);
            return IntStream.range(0, images.images().size())
                    .mapToObj(image -> Replay.decide(images, image, strategy)).toList();
        }

        int otherwise(List<Prediction> predictions) {
            return (int) IntStream.range(0, predictions.size()).filter(image -> !Objects.equals(
                    images.classes().get(predictions.get(image).winner().prompt()),
                    Replay.exhaustive(images, image))).count();
        }
    }

    /** Whether there is something to learn from in either half. */
    static boolean isPossible(ErrorRecording recording) {
        return IntStream.range(0, 2).mapToObj(parity -> recording.every(2, parity))
                .allMatch(half -> TrialCovariance.isLearnable(half.errors(), half.classes()));
    }

    /** @param recording for which it {@link #isPossible} */
    static CrossFit of(ErrorRecording recording) {
        List<Half> halves = List.of(Half.of(recording, 0), Half.of(recording, 1));
        var levels = new ArrayList<MeasuredRisk.Level>();
        for (double z : DEVIATIONS) {
            int otherwise = 0;
            long pairs = 0;
            for (Half half : halves) {
                List<Prediction> predictions = half.races(z);
                pairs += predictions.stream().mapToLong(Prediction::pairs).sum();
                otherwise += half.otherwise(predictions);
            }
            levels.add(new MeasuredRisk.Level(z, otherwise, (double) pairs / recording.images().size()));
        }
        return new CrossFit(new MeasuredRisk(levels, recording.images().size(), recording.classes().size()),
                expected(halves));
    }

    private static ForecastCheck.Expected expected(List<Half> halves) {
        List<ForecastCheck.Expected> each = halves.stream().map(half -> {
            var check = new ForecastCheck(half.learned, null);
            half.races(CHECKED).forEach(check::add);
            return check.means();
        }).toList();
        return new ForecastCheck.Expected(mean(each.stream().mapToDouble(ForecastCheck.Expected::logScale)),
                mean(each.stream().mapToDouble(ForecastCheck.Expected::surprise)));
    }

    private static double mean(DoubleStream numbers) {
        return numbers.average().orElseThrow();
    }
}
