package org.diffusionclassifier.result;

import java.nio.file.Path;
import java.util.List;
import org.diffusionclassifier.dataset.MatchingExample;

/**
 * What became of a {@link MatchingExample}, as an entry of {@link MatchingSummary}'s JSON.
 *
 * @param images            the two files
 * @param errors            mean errors [picture][caption]
 * @param unconditional     mean errors [picture], conditioned on the empty caption
 * @param raw               by {@link Scoring#RAW}
 * @param lessUnconditional by {@link Scoring#LESS_UNCONDITIONAL}
 */
public record MatchedExample(List<String> images, List<String> captions, String tag, List<double[]> errors,
        double[] unconditional, Verdict raw, Verdict lessUnconditional) {

    /**
     * Whether two pictures and their two captions were matched rightly (Thrush et al., 2022, arXiv 2204.03162,
     * equations 1 to 3). Equal scores are wrong. By chance a quarter are right, a quarter, and a sixth.
     *
     * @param text  for each picture its own caption scores better
     * @param image for each caption its own picture scores better
     * @param group both
     */
    public record Verdict(boolean text, boolean image, boolean group) {

        /** @param pictures the two pictures' errors by the two captions, the i-th being of the i-th picture */
        static Verdict of(List<CaptionErrors> pictures, Scoring scoring) {
            double right0 = pictures.get(0).score(scoring, 0);
            double right1 = pictures.get(1).score(scoring, 1);
            double wrong0 = pictures.get(0).score(scoring, 1);      // of picture 0
            double wrong1 = pictures.get(1).score(scoring, 0);
            boolean text = right0 < wrong0 && right1 < wrong1;
            boolean image = right0 < wrong1 && right1 < wrong0;
            return new Verdict(text, image, text && image);
        }
    }

    /** @param pictures the two pictures' errors by the two captions */
    public static MatchedExample of(MatchingExample example, List<CaptionErrors> pictures) {
        return new MatchedExample(example.images().stream().map(Path::toString).toList(), example.captions(),
                example.tag(), pictures.stream().map(CaptionErrors::errors).toList(),
                pictures.stream().mapToDouble(CaptionErrors::unconditional).toArray(),
                Verdict.of(pictures, Scoring.RAW), Verdict.of(pictures, Scoring.LESS_UNCONDITIONAL));
    }

    public Verdict verdict(Scoring scoring) {
        return scoring == Scoring.RAW ? raw : lessUnconditional;
    }
}
