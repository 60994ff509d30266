package org.diffusionclassifier.strategy;

import java.util.List;
import org.apache.commons.math3.util.FastMath;

/**
 * What errors say about classes: p(c | x) ∝ π(c) exp(−D ē(c) / τ), with ē(c) the mean error over trials and over the
 * latent's D elements. At τ = 1 and equal π this is the paper's posterior (Li et al., 2023, section 3.2), in which the
 * squared norm of ε − ε̂ stands for the bound on −log p(x | c). That bound is loose and its weights over t are dropped, so
 * that the shares are probabilities only once τ was fitted on labelled images ({@link TemperatureScaling}).
 *
 * @param elements    D, at least 1
 * @param temperature τ, above 0
 * @param logPrior    ln π of each prompt, up to a constant
 */
public record Posterior(int elements, double temperature, double[] logPrior) {

    /** Of equal priors. */
    public static Posterior uniform(int elements, double temperature, int prompts) {
        return new Posterior(elements, temperature, new double[prompts]);
    }

    /**
     * What is added to a prompt's mean error for the smallest sum to be the most probable prompt: −τ ln π / D.
     */
    public double[] handicaps() {
        var handicaps = new double[logPrior.length];
        for (int prompt = 0; prompt < handicaps.length; prompt++) {
            handicaps[prompt] = -logPrior[prompt] * temperature / elements;
        }
        return handicaps;
    }

    /**
     * Probabilities of the prompts at some ranks of a prediction, which sum to 1. Each is held against the winner over
     * the trials that both have seen; one that saw none was dropped with its group and has none.
     *
     * @param ranks as {@link Prediction#ranking} counts them
     */
    public double[] of(Prediction prediction, List<Integer> ranks) {
        return softmax(ranks.stream().mapToDouble(rank -> {
            double margin = prediction.margin(rank);
            return Double.isNaN(margin) ? Double.NEGATIVE_INFINITY
                    : logPrior[prediction.ranking().get(rank).prompt()] - elements * margin / temperature;
        }).toArray());
    }

    /** exp(scores), scaled to sum to 1. */
    static double[] softmax(double[] scores) {
        double most = Double.NEGATIVE_INFINITY;
        for (double score : scores) {
            most = Math.max(most, score);
        }
        double sum = 0;
        var shares = new double[scores.length];
        for (int i = 0; i < scores.length; i++) {
            shares[i] = FastMath.exp(scores[i] - most);
            sum += shares[i];
        }
        for (int i = 0; i < scores.length; i++) {
            shares[i] /= sum;
        }
        return shares;
    }
}
