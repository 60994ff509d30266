package org.diffusionclassifier.result;

import java.util.List;

/**
 * One picture's row of the matrix that {@code match IMAGE… --captions …} prints, as an entry of its {@code --json}.
 *
 * @param errors        mean errors, told each of {@code captions}
 * @param unconditional mean error told nothing
 */
public record MatchedPicture(String image, List<String> captions, double[] errors, double unconditional) {

    public static MatchedPicture of(String image, List<String> captions, CaptionErrors errors) {
        return new MatchedPicture(image, captions, errors.told(), errors.unconditional());
    }
}
