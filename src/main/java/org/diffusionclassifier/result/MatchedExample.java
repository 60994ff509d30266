package org.diffusionclassifier.result;

import java.nio.file.Path;
import java.util.List;
import org.diffusionclassifier.dataset.MatchingExample;

/**
 * What became of a {@link MatchingExample}, as an entry of {@code match --json}.
 *
 * @param images            the two files
 * @param errors            mean errors [picture][caption]
 * @param unconditional     mean errors [picture] told nothing
 * @param raw               by {@link Scoring#RAW}
 * @param lessUnconditional by {@link Scoring#LESS_UNCONDITIONAL}
 */
public record MatchedExample(List<String> images, List<String> captions, String tag, List<double[]> errors,
        double[] unconditional, PairingVerdict raw, PairingVerdict lessUnconditional) {

    /** @param pictures the two pictures' errors told the two captions */
    public static MatchedExample of(MatchingExample example, List<CaptionErrors> pictures) {
        return new MatchedExample(example.images().stream().map(Path::toString).toList(), example.captions(),
                example.tag(), pictures.stream().map(CaptionErrors::told).toList(),
                pictures.stream().mapToDouble(CaptionErrors::unconditional).toArray(),
                PairingVerdict.of(pictures, Scoring.RAW), PairingVerdict.of(pictures, Scoring.LESS_UNCONDITIONAL));
    }

    public PairingVerdict verdict(Scoring scoring) {
        return scoring == Scoring.RAW ? raw : lessUnconditional;
    }
}
