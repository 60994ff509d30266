package org.diffusionclassifier.score;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.tensor.InputException;

/**
 * Looks errors up that were recorded of one image. A trial stands for the recorded one of its timestep, whatever noise
 * either had: of several noises a timestep, for the one in the same place.
 */
public final class RecordedScorer implements Scorer {

    private final float[][] errors;
    private final Map<Integer, Integer> firstOfTimestep = new HashMap<>();
    private final int nTrials;
    private final int elements;
    private final int timesteps;

    /**
     * @param errors    [prompts][trials]
     * @param trials    by ascending timestep, each timestep with equally many
     * @param elements  of the latent
     * @param timesteps T of the model
     */
    public RecordedScorer(float[][] errors, List<Trial> trials, int elements, int timesteps) {
        this.errors = errors;
        this.elements = elements;
        this.timesteps = timesteps;
        for (int i = 0; i < trials.size(); i++) {
            firstOfTimestep.putIfAbsent(trials.get(i).timestep(), i);
        }
        this.nTrials = trials.size() / firstOfTimestep.size();
    }

    @Override
    public int prompts() {
        return errors.length;
    }

    @Override
    public int elements() {
        return elements;
    }

    @Override
    public int timesteps() {
        return timesteps;
    }

    @Override
    public void show(RgbImage image) {
    }

    /** @throws InputException for a timestep that was not recorded */
    @Override
    public float[][] errors(Round round) {
        var found = new float[round.trials().size()][round.prompts().size()];
        for (int i = 0; i < found.length; i++) {
            int trial = recorded(round.trials().get(i));
            for (int j = 0; j < found[i].length; j++) {
                found[i][j] = errors[round.prompts().get(j)][trial];
            }
        }
        return found;
    }

    private int recorded(Trial trial) {
        Integer first = firstOfTimestep.get(trial.timestep());
        if (first == null) {
            throw new InputException("timestep " + trial.timestep() + " was not recorded: expected a strategy whose largest "
                    + "number of timesteps is the recording's, " + firstOfTimestep.size());
        }
        return first + trial.noiseIndex() % nTrials;
    }

    @Override
    public void close() {
    }
}
