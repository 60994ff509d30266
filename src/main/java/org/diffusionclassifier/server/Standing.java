package org.diffusionclassifier.server;

import java.util.ArrayList;
import java.util.List;
import org.diffusionclassifier.Classification;
import org.diffusionclassifier.prompt.Prompt;
import org.diffusionclassifier.prompt.PromptSet;
import org.diffusionclassifier.strategy.Margin;
import org.diffusionclassifier.strategy.Prediction;

/**
 * A race as it stands: what the bars on the page show.
 *
 * @param pairs          evaluated so far
 * @param seconds        since it began
 * @param pairsPerSecond of this picture
 * @param secondsAtMost  left at this rate, if no further class is dropped
 * @param alive          classes that were not dropped
 * @param classes        the best first, at most {@link #MOST}
 */
record Standing(long pairs, double seconds, double pairsPerSecond, double secondsAtMost, int alive,
        List<Place> classes) {

    /** Classes that are sent with each round. */
    private static final int MOST = 20;

    private static final double LEVEL = 0.95;

    /**
     * A class by its best prompt.
     *
     * @param margin of its mean error above the best's; null where it is not known
     * @param half   half the width of the margin's 95 % interval, likewise
     * @param trials evaluated for it
     * @param alive  false once it was dropped
     */
    record Place(String className, int classidx, double probability, Double margin, Double half, int trials,
            boolean alive) {
    }

    /**
     * @param trials  of each prompt at the most
     * @param seconds since it began, above 0
     */
    static Standing of(Classification answer, PromptSet prompts, int trials, double seconds) {
        Prediction prediction = answer.prediction();
        List<Integer> ranks = prompts.classRanks(prediction);
        double[] probabilities = answer.posterior().of(prediction, ranks);
        var places = new ArrayList<Place>();
        int alive = 0;
        for (int i = 0; i < ranks.size(); i++) {
            int rank = ranks.get(i);
            boolean stays = rank < prediction.surviving();
            alive += stays ? 1 : 0;
            if (i < MOST) {
                var errors = prediction.ranking().get(rank);
                Prompt prompt = prompts.prompts().get(errors.prompt());
                Margin margin = prediction.paired(rank);
                places.add(new Place(prompt.className(), prompt.classIndex(), probabilities[i], finite(margin.mean()),
                        i == 0 ? null : finite(margin.halfWidth(LEVEL)), errors.errors().length, stays));
            }
        }
        double rate = prediction.pairs() / seconds;
        long left = (long) prediction.surviving() * (trials - prediction.winner().errors().length);
        return new Standing(prediction.pairs(), seconds, rate,
                prediction.surviving() == 1 || rate == 0 ? 0 : left / rate, alive, places);
    }

    private static Double finite(double value) {
        return Double.isFinite(value) ? value : null;
    }
}
