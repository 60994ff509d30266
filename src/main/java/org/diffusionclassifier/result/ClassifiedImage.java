package org.diffusionclassifier.result;

import java.util.ArrayList;
import java.util.List;
import org.diffusionclassifier.prompt.Prompt;
import org.diffusionclassifier.prompt.PromptSet;
import org.diffusionclassifier.score.Trial;
import org.diffusionclassifier.strategy.Margin;
import org.diffusionclassifier.strategy.Posterior;
import org.diffusionclassifier.strategy.Prediction;

/**
 * One image's entry in the file of {@code classify --json}.
 *
 * @param image     its path as given
 * @param className the class predicted
 * @param classidx  its index
 * @param pairs     (prompt, trial) pairs evaluated
 * @param tie       whether the strategy ended without a decision, so that the smallest mean error decided
 * @param ranking   every prompt, the best first
 */
public record ClassifiedImage(String image, String className, int classidx, long pairs, boolean tie,
        List<Ranked> ranking) {

    /**
     * One prompt's place.
     *
     * @param meanError     over everything evaluated for it; null if it went with its group, unevaluated
     * @param standardError of that; null with one trial
     * @param margin        mean error less the winner's, as the strategy has it from the trials of both
     * @param marginError   standard error of the margin: see {@link Margin}; null if it is not known
     * @param confidence    with which the margin is above zero: see {@link Margin#confidence}; null for the winner
     *                      and with one trial
     * @param probability   of its class; null unless it is its class's best prompt
     * @param timesteps     of its trials, in the order of evaluation
     * @param noise         noise indices of its trials
     * @param errors        of its trials
     */
    public record Ranked(String prompt, String className, int classidx, Double meanError,
            Double standardError, Double margin, Double marginError, Double confidence, Double probability,
            List<Integer> timesteps, List<Integer> noise, float[] errors) {
    }

    public static ClassifiedImage of(String image, Prediction prediction, Posterior posterior, PromptSet prompts) {
        List<Integer> classRanks = prompts.classRanks(prediction);
        double[] ofClasses = posterior.of(prediction, classRanks);
        var probabilities = new Double[prediction.ranking().size()];
        for (int i = 0; i < ofClasses.length; i++) {
            probabilities[classRanks.get(i)] = ofClasses[i];
        }
        var ranking = new ArrayList<Ranked>();
        for (int rank = 0; rank < prediction.ranking().size(); rank++) {
            var errors = prediction.ranking().get(rank);
            Margin margin = prediction.paired(rank);
            Prompt prompt = prompts.prompts().get(errors.prompt());
            ranking.add(new Ranked(prompt.text(), prompt.className(), prompt.classIndex(), finite(errors.mean()),
                    finite(errors.standardError()), finite(prediction.margin(rank)), finite(margin.standardError()),
                    rank == 0 || !margin.hasError() ? null : margin.confidence(), probabilities[rank],
                    errors.trials().stream().map(Trial::timestep).toList(),
                    errors.trials().stream().map(Trial::noiseIndex).toList(), errors.errors()));
        }
        var winner = ranking.get(0);
        return new ClassifiedImage(image, winner.className(), winner.classidx(), prediction.pairs(), prediction.isTie(),
                ranking);
    }

    private static Double finite(double value) {
        return Double.isFinite(value) ? value : null;
    }
}
