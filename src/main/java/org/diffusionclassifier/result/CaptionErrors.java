package org.diffusionclassifier.result;

import java.util.List;

/**
 * Mean errors of one picture over the same trials, conditioned on each of some captions: a row of the matrix that
 * {@code match} prints, and an entry of its JSON, which has these fields in this order.
 *
 * @param image         the picture's name
 * @param errors        by caption
 * @param unconditional conditioned on the empty caption
 */
public record CaptionErrors(String image, List<String> captions, double[] errors, double unconditional) {

    public CaptionErrors {
        captions = List.copyOf(captions);
    }

    /** The smaller, the better the caption fits. */
    public double score(Scoring scoring, int caption) {
        return switch (scoring) {
            case RAW -> errors[caption];
            case LESS_UNCONDITIONAL -> errors[caption] - unconditional;
        };
    }
}
