package org.diffusionclassifier.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.diffusionclassifier.result.Calibration;
import org.diffusionclassifier.result.CovarianceCalibration;
import org.diffusionclassifier.result.ErrorRecording;
import org.diffusionclassifier.result.Replay;
import org.diffusionclassifier.strategy.Race;
import org.diffusionclassifier.strategy.Staged;
import org.diffusionclassifier.strategy.StrategySpec;
import org.diffusionclassifier.tensor.InputException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code compare}: what strategies would have decided on recorded errors, and at what cost. */
@Command(name = "compare", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Replays strategies over the errors that evaluate --exhaustive --record wrote.")
final class CompareCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Option(names = "--errors", required = true, paramLabel = "FILE", description = "What evaluate --record wrote.")
    private Path errors;

    @Option(names = "--strategy", paramLabel = "TEXT",
            description = "exhaustive:N, staged:N,…/K,… or race:CONFIDENCE[,BOUND[,MAX-TRIALS]]; may be repeated. A race "
                    + "by covariance goes by what the other half of the images taught, or by --calibration. Default: "
                    + "exhaustive, some staged, and races of several confidences by each bound.")
    private List<String> strategies = List.of();

    @Option(names = "--batch-size", paramLabel = "N", defaultValue = "1",
            description = "Pairs that a race asks for at once, as the batches of a device have them. Default: "
                    + "${DEFAULT-VALUE}, a comparison after every trial.")
    private int batchSize;

    @Option(names = "--calibration", paramLabel = "FILE",
            description = "What calibrate made, for the probabilities and for races by covariance. Default: temperature 1, "
                    + "and what the recording's own halves teach each other.")
    private Path calibration;

    @Mixin
    private JsonOption json;

    @Override
    public Integer call() {
        if (batchSize < 1) {
            throw new InputException("--batch-size: expected at least 1, found " + batchSize);
        }
        json.check();
        ErrorRecording recording = ErrorRecording.read(errors);
        int most = (int) recording.trials().stream().mapToInt(trial -> trial.timestep()).distinct().count();
        List<StrategySpec> plans = strategies.isEmpty() ? defaults(recording, most)
                : strategies.stream().map(text -> StrategySpec.parse(text, most)).toList();
        Calibration read = calibration == null ? null : Calibration.read(calibration);
        double temperature = read == null ? 1 : read.of(recording.elements(), calibration);
        PrintWriter out = spec.commandLine().getOut();
        out.printf("%d images, %d prompts, %d trials%n%n%-30s %10s %10s %28s %6s %12s%n", recording.images().size(),
                recording.classes().size(), recording.trials().size(), "strategy", "right", "agreeing",
                "pairs: mean, median, 95 %", "ties", "calibration");
        var replays = new ArrayList<Replay>();
        for (StrategySpec plan : plans) {
            Replay replay = read != null && read.covariance() != null && plan instanceof Race race
                    && race.bound().equals(Race.COVARIANCE)
                    ? Replay.of(recording, race, batchSize, temperature, read.covariance())
                    : Replay.of(recording, plan, batchSize, temperature);
            out.printf(Locale.ROOT, "%-30s %8.1f %% %8.1f %% %10.1f %8.0f %8.0f %6d %12.3f%n", replay.strategy(),
                    100.0 * replay.right() / replay.images(), 100.0 * replay.agreeing() / replay.images(),
                    replay.meanPairs(), replay.median(), replay.most(), replay.ties(), replay.calibrationError());
            out.flush();
            replays.add(replay);
        }
        json.write(replays);
        return 0;
    }

    private static List<StrategySpec> defaults(ErrorRecording recording, int most) {
        int prompts = recording.classes().size();
        var plans = new ArrayList<StrategySpec>();
        plans.add(Staged.exhaustive(most));
        if (most % 5 == 0) {
            plans.add(new Staged(List.of(most / 5, most), List.of(Math.min(5, prompts), 1)));
        }
        if (recording.images().size() >= 2 * CovarianceCalibration.LEAST_IMAGES) {
            for (double confidence : List.of(0.9, 0.95, 0.98, 0.99, 0.995)) {
                plans.add(new Race(confidence, Race.COVARIANCE, most, null));
            }
        }
        for (String bound : List.of(Race.PAIRED_T, Race.ANYTIME)) {
            for (double confidence : List.of(0.5, 0.8, 0.95, 0.99)) {
                plans.add(new Race(confidence, bound, most, null));
            }
        }
        return plans;
    }
}
