package org.diffusionclassifier.cli;

import org.diffusionclassifier.Matching;
import picocli.CommandLine.Option;

/** How many trials, where everything compared sees all of them. */
final class SharedTrialOptions extends DrawOptions {

    @Option(names = "--n-samples", paramLabel = "N", defaultValue = "" + Matching.N_SAMPLES,
            description = "Timesteps of every caption and picture. Default: ${DEFAULT-VALUE}.")
    int nSamples;
}
