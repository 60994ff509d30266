package org.diffusionclassifier.benchmark;

/**
 * A published result.
 *
 * @param model   what reached it
 * @param metric  what it is a share of
 * @param percent from 0 to 100
 * @param split   of the pictures; null for a benchmark's default
 * @param source  where it stands
 */
public record Figure(String model, String metric, double percent, String split, Source source) {

    /** Where a figure stands. */
    public enum Source {
        /** Li et al., 2023, arXiv 2303.16203. */
        PAPER("the paper"),
        /** The paper's first author, in the official repository's issue 19. */
        AUTHOR("its author"),
        /** Public listings of results, which do not say with which model and settings. */
        LISTED("listed, settings unknown");

        private final String text;

        Source(String text) {
            this.text = text;
        }

        /** As reports have it. */
        @Override
        public String toString() {
            return text;
        }
    }

    /** As {@code top-1 87.3 % (Stable Diffusion 2.0-base, the paper)}. */
    @Override
    public String toString() {
        return String.format("%s %s %% (%s%s%s)", metric, percent,
                model == null ? "" : model + ", ", split == null ? "" : split + ", ", source);
    }
}
