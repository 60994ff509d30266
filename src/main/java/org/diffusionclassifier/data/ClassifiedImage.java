package org.diffusionclassifier.data;

import java.util.ArrayList;
import java.util.List;
import org.diffusionclassifier.classify.Prediction;
import org.diffusionclassifier.classify.Trial;

/**
 * One image's entry in the file of {@code classify --json}.
 *
 * @param image     its path as given
 * @param className the class predicted
 * @param classidx  its index
 * @param pairs     (prompt, trial) pairs evaluated
 * @param ranking   every prompt, the best first
 */
public record ClassifiedImage(String image, String className, int classidx, long pairs, List<Ranked> ranking) {

    /**
     * One prompt's place.
     *
     * @param meanError  over everything evaluated for it
     * @param margin     mean error less the winner's, over the trials of both
     * @param timesteps  of its trials, in the order of evaluation
     * @param noise      noise indices of its trials
     * @param errors     of its trials
     */
    public record Ranked(String prompt, String className, int classidx, double meanError, double margin,
            List<Integer> timesteps, List<Integer> noise, float[] errors) {
    }

    public static ClassifiedImage of(String image, Prediction prediction, PromptSet prompts) {
        var ranking = new ArrayList<Ranked>();
        for (int rank = 0; rank < prediction.ranking().size(); rank++) {
            var errors = prediction.ranking().get(rank);
            Prompt prompt = prompts.prompts().get(errors.prompt());
            ranking.add(new Ranked(prompt.text(), prompt.className(), prompt.classIndex(), errors.mean(),
                    prediction.margin(rank), errors.trials().stream().map(Trial::timestep).toList(),
                    errors.trials().stream().map(Trial::noiseIndex).toList(), errors.errors()));
        }
        var winner = ranking.get(0);
        return new ClassifiedImage(image, winner.className(), winner.classidx(), prediction.pairs(), ranking);
    }
}
