package org.diffusionclassifier.result;

/** What captions and pictures are compared by; in either the smaller fits better. */
public enum Scoring {
    /** The picture's error, told the caption. Between captions of one picture it compares, between pictures hardly. */
    RAW("raw error"),
    /**
     * That less the picture's error over the same trials when told nothing (caption ""): how much the caption helps. A
     * picture's own difficulty drops out, so that pictures can be compared, too.
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
