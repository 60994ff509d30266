package org.diffusionclassifier.report;

import java.util.List;
import java.util.stream.IntStream;
import org.diffusionclassifier.result.CaptionErrors;
import org.diffusionclassifier.result.Scoring;

/**
 * Scores of pictures and captions, and which of them are the best.
 *
 * @param scores [picture][caption], the smaller the better
 */
public record ScoreMatrix(double[][] scores) {

    /** @param pictures each with the same captions */
    public static ScoreMatrix of(List<CaptionErrors> pictures, Scoring scoring) {
        return new ScoreMatrix(pictures.stream().map(picture -> IntStream.range(0, picture.errors().length)
                .mapToDouble(caption -> picture.score(scoring, caption)).toArray()).toArray(double[][]::new));
    }

    /** Whether the caption fits the picture better than all others do; none does if several share the smallest score. */
    public boolean isBestCaption(int picture, int caption) {
        return IntStream.range(0, scores[picture].length)
                .allMatch(other -> other == caption || scores[picture][caption] < scores[picture][other]);
    }

    /** Whether the picture fits the caption better than all others do; none does if several share the smallest score. */
    public boolean isBestPicture(int picture, int caption) {
        return IntStream.range(0, scores.length)
                .allMatch(other -> other == picture || scores[picture][caption] < scores[other][caption]);
    }
}
