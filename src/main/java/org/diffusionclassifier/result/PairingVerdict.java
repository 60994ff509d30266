package org.diffusionclassifier.result;

import java.util.List;

/**
 * Whether two pictures and their two captions were put together rightly (Thrush et al., 2022, arXiv 2204.03162,
 * equations 1 to 3). Equal scores are wrong. By chance a quarter are right, a quarter, and a sixth.
 *
 * @param text  for each picture its own caption scores better
 * @param image for each caption its own picture scores better
 * @param group both
 */
public record PairingVerdict(boolean text, boolean image, boolean group) {

    /** @param pictures the two pictures' errors told the two captions, the i-th being of the i-th picture */
    public static PairingVerdict of(List<CaptionErrors> pictures, Scoring scoring) {
        double right0 = pictures.get(0).score(scoring, 0);
        double right1 = pictures.get(1).score(scoring, 1);
        double wrong0 = pictures.get(0).score(scoring, 1);      // of picture 0
        double wrong1 = pictures.get(1).score(scoring, 0);
        boolean text = right0 < wrong0 && right1 < wrong1;
        boolean image = right0 < wrong1 && right1 < wrong0;
        return new PairingVerdict(text, image, text && image);
    }
}
