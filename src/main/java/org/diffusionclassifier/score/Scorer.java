package org.diffusionclassifier.score;

import org.diffusionclassifier.image.RgbImage;

/**
 * The errors of (class, trial) pairs of one image: the paper's quantity, whatever the class is made of. Here a class
 * is a prompt; strategies know it by its index alone.
 */
public interface Scorer extends AutoCloseable {

    /** How many prompts there are. */
    int prompts();

    /**
     * The first of the prompts that are one to the model, such as captions of the same tokens: whoever asks for its
     * errors alone knows those of the others.
     */
    default int first(int prompt) {
        return prompt;
    }

    /** How many elements of the latent an error is the mean over. */
    int elements();

    /** T: timesteps are 0 to T − 1. */
    int timesteps();

    /** Makes {@code image} the one that is scored, until the next call. */
    void show(RgbImage image);

    /**
     * ℓ(ε − ε̂(x_t, t, c)), mean over the latent's elements, for every pair of the round (Li et al., 2023, eq. 4),
     * times the weight of t.
     *
     * @return errors[i][j] of the round's i-th trial and j-th prompt
     */
    float[][] errors(Round round);

    /** Follows a round batch by batch. */
    @FunctionalInterface
    interface Batches {

        /**
         * Another batch was evaluated.
         *
         * @param errors of the round's trials, those after the first {@code trials} not yet whole; not to be kept
         * @param trials done for all of the round's prompts
         * @return whether to go on
         */
        boolean next(float[][] errors, int trials);
    }

    /**
     * The same, followed batch by batch where the scorer has batches; otherwise once, at the end.
     *
     * @return as above, of fewer trials if it was ended early
     */
    default float[][] errors(Round round, Batches batches) {
        float[][] errors = errors(round);
        batches.next(errors, errors.length);
        return errors;
    }

    @Override
    void close();
}
