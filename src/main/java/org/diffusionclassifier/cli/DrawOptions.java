package org.diffusionclassifier.cli;

import java.nio.file.Path;
import org.diffusionclassifier.score.Objective;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;

/** Which noise is drawn, and what is measured of its prediction: what every way of choosing trials has. */
abstract class DrawOptions {

    @Option(names = "--loss", paramLabel = "NAME", converter = ObjectiveConverter.class,
            description = "l1, l2 or huber; for a DiT also vb, the variational bound, or l2+vb. Default: l2.")
    Objective loss;

    @Option(names = "--n-trials", paramLabel = "N", defaultValue = "1",
            description = "Noises a timestep. Default: ${DEFAULT-VALUE}.")
    int nTrials;

    @Option(names = "--seed", paramLabel = "N", defaultValue = "0",
            description = "Seed of the noise. Default: ${DEFAULT-VALUE}.")
    long seed;

    @Option(names = "--noise", paramLabel = "FILE",
            description = "Noise from a safetensors file instead: one tensor [N, channels, height, width].")
    Path noise;

    /** Reads {@code l2+vb}. */
    static final class ObjectiveConverter implements ITypeConverter<Objective> {
        @Override
        public Objective convert(String text) {
            return Objective.parse(text);
        }
    }
}
