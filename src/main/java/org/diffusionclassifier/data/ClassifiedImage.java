package org.diffusionclassifier.data;

import java.util.ArrayList;
import java.util.List;
import org.diffusionclassifier.classify.Posterior;
import org.diffusionclassifier.classify.Prediction;
import org.diffusionclassifier.classify.Trial;

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
     * @param meanError  over everything evaluated for it; null if it went with its group, unevaluated
     * @param margin     mean error less the winner's, over the trials of both
     * @param standardError of the margin, by the paired differences; null with one trial
     * @param probability of its class; null unless it is its class's best prompt
     * @param timesteps  of its trials, in the order of evaluation
     * @param noise      noise indices of its trials
     * @param errors     of its trials
     */
    public record Ranked(String prompt, String className, int classidx, Double meanError, Double margin,
            Double standardError, Double probability, List<Integer> timesteps, List<Integer> noise, float[] errors) {
    }

    public static ClassifiedImage of(String image, Prediction prediction, Posterior posterior, PromptSet prompts) {
        List<Integer> classRanks = prompts.classRanks(prediction);
        double[] probabilities = posterior.of(prediction, classRanks);
        var ranking = new ArrayList<Ranked>();
        for (int rank = 0; rank < prediction.ranking().size(); rank++) {
            var errors = prediction.ranking().get(rank);
            Prompt prompt = prompts.prompts().get(errors.prompt());
            ranking.add(new Ranked(prompt.text(), prompt.className(), prompt.classIndex(), finite(errors.mean()),
                    finite(prediction.margin(rank)), finite(prediction.paired(rank).standardError()),
                    classRanks.contains(rank) ? probabilities[classRanks.indexOf(rank)] : null, errors.trials().stream().map(Trial::timestep).toList(),
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
