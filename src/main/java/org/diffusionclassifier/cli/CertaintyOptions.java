package org.diffusionclassifier.cli;

import java.nio.file.Path;
import org.diffusionclassifier.CertaintySpec;
import picocli.CommandLine.Option;

/** How errors become probabilities. */
final class CertaintyOptions {

    @Option(names = "--prior", paramLabel = "CSV",
            description = "How frequent classes are, columns classname,weight. Priors take part in the decision.")
    private Path prior;

    @Option(names = "--calibration", paramLabel = "FILE",
            description = "What calibrate made of labelled images, for probabilities and races. Default: none, "
                    + "temperature 1; with the bundled model, its own.")
    private Path calibration;

    CertaintySpec spec() {
        return new CertaintySpec(prior, calibration);
    }
}
