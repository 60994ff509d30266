package org.diffusionclassifier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.diffusionclassifier.TrialSpec;
import org.diffusionclassifier.model.Target;
import org.diffusionclassifier.score.Objective;
import org.diffusionclassifier.score.TimestepRange;
import org.diffusionclassifier.score.TimestepWeights;
import org.junit.jupiter.api.Test;

class DrawOptionsTest {

    @Test
    void saysWhatTrialsHaveOtherwiseThanABenchmarks() {
        assertEquals(List.of(), DrawOptions.changes(TrialSpec.DEFAULT, Objective.L2));
        assertEquals(List.of("loss l2"), DrawOptions.changes(TrialSpec.DEFAULT, Objective.L1));
        TrialSpec other = TrialSpec.DEFAULT.withTarget(Target.EPSILON).withTimesteps(new TimestepRange(0, 499))
                .withTimestepWeights(new TimestepWeights.Snr()).withNTrials(2);
        assertEquals(List.of("target epsilon", "timesteps 0..499", "weighted timesteps", "2 noises a timestep"),
                DrawOptions.changes(other, Objective.L2));
    }
}
