package org.diffusionclassifier.cli;

import java.util.List;
import org.diffusionclassifier.score.Trial;
import org.diffusionclassifier.strategy.TrialPlan;
import picocli.CommandLine.Option;

/** How many trials, where everything compared sees all of them. */
final class SharedTrialOptions extends DrawOptions {

    @Option(names = "--n-samples", paramLabel = "N", defaultValue = "50",
            description = "Timesteps of every caption and picture. Default: ${DEFAULT-VALUE}.")
    private int nSamples;

    /** The trials of every caption and picture, of a model with these timesteps. */
    List<Trial> trials(int timesteps) {
        return TrialPlan.of(timesteps, List.of(nSamples), nTrials).stages().get(0);
    }

    /** As a classification of one stage has them. */
    TrialOptions oneStage() {
        var trials = new TrialOptions();
        trials.nSamples = List.of(nSamples);
        trials.toKeep = List.of(1);
        trials.loss = loss;
        trials.nTrials = nTrials;
        trials.seed = seed;
        trials.noise = noise;
        return trials;
    }
}
