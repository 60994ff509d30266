package org.diffusionclassifier.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.diffusionclassifier.TrialSpec;
import org.diffusionclassifier.image.Background;
import org.diffusionclassifier.model.Target;
import org.diffusionclassifier.score.Objective;
import org.diffusionclassifier.score.TimestepRange;
import org.diffusionclassifier.score.TimestepWeights;
import picocli.CommandLine.Option;

/** Which noise is drawn and mixed into what, and what is measured: what every way of choosing trials has. */
abstract class DrawOptions {

    @Option(names = "--loss", paramLabel = "NAME",
            description = "l1, l2, huber or norm, l2's root; for a DiT also vb, the variational bound, or l2+vb. "
                    + "Default: l2.")
    private String loss;

    @Option(names = "--target", paramLabel = "NAME",
            description = "Of a model of flow matching, as Stable Diffusion 3: velocity, which it was trained to predict, "
                    + "or epsilon. Default: velocity.")
    private String target;

    @Option(names = "--timesteps", paramLabel = "FROM..TO",
            description = "Draw only from these timesteps, both among them; 0 has the least noise. Default: all.")
    private String timesteps;

    @Option(names = "--timestep-weights", paramLabel = "NAME|FILE",
            description = "How much each timestep counts: uniform, snr (its signal-to-noise ratio), or a file with a "
                    + "weight a line or CSV of step,weight. Default: uniform.")
    private TimestepWeights timestepWeights;

    @Option(names = "--n-trials", paramLabel = "N", defaultValue = "1",
            description = "Noises a timestep. Default: ${DEFAULT-VALUE}.")
    private int nTrials;

    @Option(names = "--seed", paramLabel = "N", defaultValue = "0",
            description = "Seed of the noise. Default: ${DEFAULT-VALUE}.")
    private long seed;

    @Option(names = "--noise", paramLabel = "FILE",
            description = "Noise from a safetensors file instead: one tensor [N, channels, height, width].")
    private Path noise;

    @Option(names = "--background", paramLabel = "COLOUR",
            description = "white, black or #RRGGBB, on which transparent parts of a picture lie. Default: the colours "
                    + "stored behind them count, as in the reference implementation.")
    private String background;

    /** @param byDefault what classes are compared by without --loss */
    TrialSpec trials(Objective byDefault) {
        return new TrialSpec(loss == null ? byDefault : Objective.parse(loss),
                target == null ? null : Target.parse(target),
                timesteps == null ? null : TimestepRange.parse(timesteps),
                timestepWeights == null ? new TimestepWeights.Uniform() : timestepWeights, nTrials, seed, noise,
                background == null ? null : Background.parse(background));
    }

    /** What trials have otherwise than those of a published benchmark, in words. @param loss the benchmark's */
    static List<String> changes(TrialSpec drawn, Objective loss) {
        var changes = new ArrayList<String>();
        if (drawn.loss() != loss) {
            changes.add("loss " + drawn.loss());
        }
        if (drawn.target() != null) {
            changes.add("target " + drawn.target());
        }
        if (drawn.timesteps() != null) {
            changes.add("timesteps " + drawn.timesteps());
        }
        if (!(drawn.timestepWeights() instanceof TimestepWeights.Uniform)) {
            changes.add("weighted timesteps");
        }
        if (drawn.nTrials() != 1) {
            changes.add(drawn.nTrials() + " noises a timestep");
        }
        return changes;
    }
}
