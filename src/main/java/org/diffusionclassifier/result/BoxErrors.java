package org.diffusionclassifier.result;

import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/**
 * Errors of one box of a picture told one expression, the box shown in two ways.
 *
 * @param crop the box alone
 * @param mask the picture, all but the box black
 */
public record BoxErrors(CaptionErrors crop, CaptionErrors mask) {

    /** What a box is scored by. */
    public enum Method {
        CROP, MASK,
        /** The two scores added. */
        SUM
    }

    /** The smaller, the better the expression fits. */
    public double score(Method method, Scoring scoring) {
        return switch (method) {
            case CROP -> crop.score(scoring, 0);
            case MASK -> mask.score(scoring, 0);
            case SUM -> crop.score(scoring, 0) + mask.score(scoring, 0);
        };
    }

    /** Which box is referred to: the one with the smallest score, or none if several share it. */
    public static OptionalInt best(List<BoxErrors> boxes, Method method, Scoring scoring) {
        double[] scores = boxes.stream().mapToDouble(box -> box.score(method, scoring)).toArray();
        double smallest = IntStream.range(0, scores.length).mapToDouble(i -> scores[i]).min().orElseThrow();
        int[] having = IntStream.range(0, scores.length).filter(i -> scores[i] == smallest).toArray();
        return having.length == 1 ? OptionalInt.of(having[0]) : OptionalInt.empty();
    }
}
