package org.diffusionclassifier.result;

/** What captions and pictures are compared by; in either the smaller fits better. */
public enum Scoring {
    /** The picture's error, conditioned on the caption: compares captions of one picture, but hardly pictures. */
    RAW("raw error"),
    /**
     * That less the picture's error over the same trials, conditioned on the empty caption: how much the caption helps.
     * A picture's own difficulty drops out, so that pictures can be compared, too.
     */
    LESS_UNCONDITIONAL("error less the unconditional error");

    private final String text;

    Scoring(String text) {
        this.text = text;
    }

    /** As reports have it. */
    @Override
    public String toString() {
        return text;
    }
}
