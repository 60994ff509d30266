package org.diffusionclassifier.result;

/**
 * Mean errors of one picture over the same trials.
 *
 * @param unconditional told nothing, the caption ""
 * @param told          told each of some captions
 */
public record CaptionErrors(double unconditional, double[] told) {

    /** The smaller, the better the caption fits. */
    public double score(Scoring scoring, int caption) {
        return switch (scoring) {
            case RAW -> told[caption];
            case LESS_UNCONDITIONAL -> told[caption] - unconditional;
        };
    }
}
