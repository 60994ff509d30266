package org.diffusionclassifier.result;

import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.diffusionclassifier.image.Box;

/**
 * Mean errors of one box of a picture, conditioned on one expression, the box shown in two ways. JSON has these fields
 * in this order.
 *
 * @param box               x, y, width, height
 * @param crop              of the box alone
 * @param cropUnconditional the same, conditioned on the empty caption
 * @param mask              of the picture with all but the box black
 * @param maskUnconditional the same, conditioned on the empty caption
 */
public record BoxErrors(double[] box, double crop, double cropUnconditional, double mask, double maskUnconditional) {

    /** What a box is scored by. */
    public enum Method {
        CROP, MASK,
        /** The two scores added. */
        SUM
    }

    /**
     * Errors of a box.
     *
     * @param crop of the box alone, with the expression as only caption
     * @param mask of the picture with all but the box black, likewise
     */
    public static BoxErrors of(Box box, CaptionErrors crop, CaptionErrors mask) {
        return new BoxErrors(array(box), crop.errors()[0], crop.unconditional(), mask.errors()[0],
                mask.unconditional());
    }

    static double[] array(Box box) {
        return new double[] {box.x(), box.y(), box.width(), box.height()};
    }

    /** The smaller, the better the expression fits. */
    public double score(Method method, Scoring scoring) {
        boolean raw = scoring == Scoring.RAW;
        double byCrop = raw ? crop : crop - cropUnconditional;
        double byMask = raw ? mask : mask - maskUnconditional;
        return switch (method) {
            case CROP -> byCrop;
            case MASK -> byMask;
            case SUM -> byCrop + byMask;
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
