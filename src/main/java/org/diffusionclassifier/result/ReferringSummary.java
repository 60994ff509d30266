package org.diffusionclassifier.result;

import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import org.diffusionclassifier.dataset.ReferringExample;

/**
 * What referring expressions of many examples come to; JSON has these fields in this order.
 *
 * @param chance     accuracy of a box drawn at random
 * @param accuracies one a method and scoring
 * @param failed     why examples could not be answered, a line each; they count nowhere else
 * @param settings   what the results depend on, by name
 */
public record ReferringSummary(double chance, List<Accuracy> accuracies, List<String> failed,
        SortedMap<String, String> settings, List<ReferredExample> examples) {

    /** How often the box chosen by one way of scoring overlapped the true one by more than half. */
    public record Accuracy(String method, String scoring, Proportion correct) {
    }

    /**
     * @param asked    at least one
     * @param answered what became of them, in the same order
     * @param failed   why there are not more
     */
    public static ReferringSummary of(List<ReferringExample> asked, List<ReferredExample> answered, List<String> failed,
                                      SortedMap<String, String> settings) {
        double chance = asked.stream().mapToDouble(example ->
                example.boxes().stream().filter(example::isRight).count() / (double) example.boxes().size())
                .average().orElseThrow();
        var accuracies = new ArrayList<Accuracy>();
        var ways = answered.get(0).choices();
        for (int i = 0; i < ways.size(); i++) {
            int way = i;
            int correct = (int) answered.stream().filter(example -> example.choices().get(way).correct()).count();
            accuracies.add(new Accuracy(ways.get(i).method(), ways.get(i).scoring(),
                    Proportion.of(correct, answered.size())));
        }
        return new ReferringSummary(chance, accuracies, List.copyOf(failed), settings, List.copyOf(answered));
    }
}
