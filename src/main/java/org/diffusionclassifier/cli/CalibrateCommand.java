package org.diffusionclassifier.cli;

import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.diffusionclassifier.file.JsonFile;
import org.diffusionclassifier.result.Calibration;
import org.diffusionclassifier.result.ErrorRecording;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code calibrate}: the temperature that turns errors into probabilities. */
@Command(name = "calibrate", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Fits the temperature of the classes' probabilities to labelled images, for --calibration.")
final class CalibrateCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Option(names = "--errors", required = true, paramLabel = "FILE",
            description = "What evaluate --exhaustive --record wrote of labelled images.")
    private Path errors;

    @Option(names = "--out", required = true, paramLabel = "FILE", description = "Gets the temperature, as JSON.")
    private Path out;

    @Override
    public Integer call() {
        OutputFile.requireWritable("--out", out);
        Calibration fitted = Calibration.fit(ErrorRecording.read(errors));
        JsonFile.write(out, fitted);
        spec.commandLine().getOut().printf(Locale.ROOT, "temperature %.4g by %d images: mean -ln p of the label %.4f "
                + "(%.4f at temperature 1), expected calibration error %.4f on images held out (%.4f)%n",
                fitted.temperature(), fitted.images(), fitted.loss(), fitted.lossBefore(), fitted.error(),
                fitted.errorBefore());
        return 0;
    }
}
