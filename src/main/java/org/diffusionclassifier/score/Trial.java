package org.diffusionclassifier.score;

import java.io.Serializable;

/**
 * One draw (t, ε) of the paper's Monte Carlo estimate, shared by all classes.
 *
 * @param timestep   t, in [0, T)
 * @param noiseIndex which of the run's noises ε is mixed in, from 0 (DESIGN "Noise")
 */
public record Trial(int timestep, int noiseIndex) implements Serializable {
}
