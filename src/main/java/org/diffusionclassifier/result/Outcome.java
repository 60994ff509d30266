package org.diffusionclassifier.result;

/**
 * What became of one image of a dataset, without its errors.
 *
 * @param index       which image of the dataset, from 0
 * @param label       the index of its class
 * @param prediction  the index of the class predicted
 * @param pairs       how many (prompt, trial) pairs were evaluated
 * @param probability of the class predicted, given the errors
 * @param tie         whether the strategy ended without a decision
 */
public record Outcome(int index, int label, int prediction, long pairs, double probability, boolean tie) {

    public boolean correct() {
        return prediction == label;
    }
}
