package org.diffusionclassifier.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.diffusionclassifier.file.JsonFile;
import org.diffusionclassifier.result.Calibration;
import org.diffusionclassifier.result.CovarianceCalibration;
import org.diffusionclassifier.result.ErrorRecording;
import org.diffusionclassifier.strategy.Race;
import org.diffusionclassifier.strategy.covariance.MeasuredRisk;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code calibrate}: the temperature that turns errors into probabilities, and how trials covary, for races. */
@Command(name = "calibrate", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Fits the temperature of the classes' probabilities to labelled images, and learns from them how "
                + "trials covary, by which races take fewer pairs: for --calibration.")
final class CalibrateCommand implements Callable<Integer> {

    /** That are reported on. */
    private static final double[] CONFIDENCES = {0.95, Race.COVARIANCE_CONFIDENCE, 0.995};

    @Spec
    private CommandSpec spec;

    @Option(names = "--errors", required = true, paramLabel = "FILE",
            description = "What evaluate --exhaustive --record wrote of labelled images.")
    private Path errors;

    @Option(names = "--out", required = true, paramLabel = "FILE", description = "Gets the calibration, as JSON.")
    private Path out;

    @Override
    public Integer call() {
        OutputFile.requireWritable("--out", out);
        ErrorRecording recording = ErrorRecording.read(errors);
        Calibration fitted = Calibration.fit(recording);
        JsonFile.write(out, fitted);
        PrintWriter printer = spec.commandLine().getOut();
        printer.printf(Locale.ROOT, "temperature %.4g by %d images: mean -ln p of the label %.4f "
                + "(%.4f at temperature 1), expected calibration error %.4f on images held out (%.4f)%n",
                fitted.temperature(), fitted.images(), fitted.loss(), fitted.lossBefore(), fitted.error(),
                fitted.errorBefore());
        if (fitted.covariance() == null) {
            printer.printf("covariance of trials: not learned, expected %s%n",
                    CovarianceCalibration.lack(recording).orElseThrow());
            return 0;
        }
        MeasuredRisk risk = fitted.covariance().risk();
        for (double confidence : CONFIDENCES) {
            double z = risk.deviations(1 - confidence, risk.prompts());
            MeasuredRisk.Level level = risk.level(1 - confidence);
            printer.printf(Locale.ROOT, "covariance of %d trials by %d images: a race at confidence %s drops rivals at "
                    + "%.2f deviations; on images held out, %.1f %% as all trials decide by %.0f pairs an image%n",
                    recording.trials().size(), recording.images().size(), confidence, z,
                    100.0 * (risk.images() - level.otherwise()) / risk.images(), level.pairs());
        }
        return 0;
    }
}
