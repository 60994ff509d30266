package org.diffusionclassifier.result;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SortedMap;
import java.util.function.Predicate;
import org.diffusionclassifier.result.MatchedExample.Verdict;

/**
 * What matching many examples comes to; JSON has these fields in this order.
 *
 * @param raw               scores by {@link Scoring#RAW}: of all examples, then of each tag in alphabetical order
 * @param lessUnconditional the same by {@link Scoring#LESS_UNCONDITIONAL}
 * @param failed            why examples could not be matched, a line each; they count nowhere else
 * @param settings          what the results depend on, by name
 */
public record MatchingSummary(List<Scores> raw, List<Scores> lessUnconditional, List<String> failed,
        SortedMap<String, String> settings, List<MatchedExample> examples) {

    /**
     * Winoground's three scores.
     *
     * @param tag of the examples counted; null for all
     */
    public record Scores(String tag, Proportion text, Proportion image, Proportion group) {

        private static Scores of(String tag, List<Verdict> verdicts) {
            return new Scores(tag, share(verdicts, Verdict::text), share(verdicts, Verdict::image),
                    share(verdicts, Verdict::group));
        }

        private static Proportion share(List<Verdict> verdicts, Predicate<Verdict> right) {
            return Proportion.of((int) verdicts.stream().filter(right).count(), verdicts.size());
        }
    }

    /**
     * @param examples at least one
     * @param failed   why there are not more
     */
    public static MatchingSummary of(List<MatchedExample> examples, List<String> failed,
                                     SortedMap<String, String> settings) {
        return new MatchingSummary(scores(examples, Scoring.RAW), scores(examples, Scoring.LESS_UNCONDITIONAL),
                List.copyOf(failed), settings, List.copyOf(examples));
    }

    public List<Scores> scores(Scoring scoring) {
        return scoring == Scoring.RAW ? raw : lessUnconditional;
    }

    private static List<Scores> scores(List<MatchedExample> examples, Scoring scoring) {
        var scores = new ArrayList<Scores>();
        scores.add(Scores.of(null, examples.stream().map(example -> example.verdict(scoring)).toList()));
        examples.stream().map(MatchedExample::tag).filter(Objects::nonNull).distinct().sorted()
                .map(tag -> Scores.of(tag, examples.stream().filter(example -> tag.equals(example.tag()))
                        .map(example -> example.verdict(scoring)).toList()))
                .forEach(scores::add);
        return scores;
    }
}
