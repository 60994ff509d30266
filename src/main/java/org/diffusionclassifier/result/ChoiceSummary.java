package org.diffusionclassifier.result;

import java.util.List;
import java.util.Objects;
import java.util.SortedMap;

/**
 * How often a picture's caption had a smaller error than one that does not fit; JSON has these fields in this order.
 *
 * @param correct     of all
 * @param meanOfKinds mean over the kinds of the share of their choices that were right
 * @param kinds       each, in alphabetical order
 * @param failed      why choices could not be made, a line each; they count nowhere else
 * @param settings    what the results depend on, by name
 */
public record ChoiceSummary(Proportion correct, double meanOfKinds, List<Kind> kinds, List<String> failed,
        SortedMap<String, String> settings, List<ChosenCaption> choices) {

    /** What is right of a kind. */
    public record Kind(String name, Proportion correct) {
    }

    /**
     * What became of a picture.
     *
     * @param kind       of the wrong caption
     * @param rightError conditioned on its own caption
     * @param wrongError conditioned on the other one
     */
    public record ChosenCaption(String image, String right, String wrong, String kind, double rightError,
            double wrongError) {

        /** An equal error counts as wrong. */
        boolean correct() {
            return rightError < wrongError;
        }
    }

    /** @param choices at least one, each of a kind */
    public static ChoiceSummary of(List<ChosenCaption> choices, List<String> failed,
            SortedMap<String, String> settings) {
        List<Kind> kinds = choices.stream().map(ChosenCaption::kind).filter(Objects::nonNull).distinct().sorted()
                .map(name -> new Kind(name,
                        share(choices.stream().filter(choice -> name.equals(choice.kind)).toList())))
                .toList();
        return new ChoiceSummary(share(choices),
                kinds.stream().mapToDouble(kind -> kind.correct.share()).average().orElseThrow(), kinds,
                List.copyOf(failed), settings, List.copyOf(choices));
    }

    private static Proportion share(List<ChosenCaption> choices) {
        return Proportion.of((int) choices.stream().filter(ChosenCaption::correct).count(), choices.size());
    }
}
