package org.diffusionclassifier.score;

import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Where in a picture it was decided that one prompt fits better than another: the first one's error less the other's, at
 * each place of the latent. Both see the same noise at the same timesteps, so that what has nothing to do with the
 * difference between the prompts drops out.
 *
 * @param trials     over which the errors are averaged
 * @param size       height and width of the latent
 * @param difference [size, size], row-major: below 0 where the first prompt is the better one; its mean is the difference
 *                   of the two prompts' mean errors over these trials, unless the loss is a variational bound
 */
public record Evidence(int trials, int size, double[] difference) {

    /**
     * Evaluates two prompts once more, on the image that the scorer shows, over the trials that both have seen.
     *
     * @param first  usually the winner
     * @param second another prompt
     */
    public static Evidence between(PromptErrors first, PromptErrors second, LatentScorer scorer) {
        List<Trial> shared = Stream.of(first.trials(), second.trials())
                .min((one, other) -> Integer.compare(one.size(), other.size())).orElseThrow();
        boolean inOrder = first.prompt() < second.prompt();
        double[][] maps = scorer.errorMaps(new Round(shared, inOrder ? List.of(first.prompt(), second.prompt())
                : List.of(second.prompt(), first.prompt())));
        double[] one = maps[inOrder ? 0 : 1];
        double[] other = maps[inOrder ? 1 : 0];
        return new Evidence(shared.size(), scorer.size(),
                IntStream.range(0, one.length).mapToDouble(i -> one[i] - other[i]).toArray());
    }

    /** The largest difference there is, whichever prompt it favours. */
    public double largest() {
        return IntStream.range(0, difference.length).mapToDouble(i -> Math.abs(difference[i])).max().orElse(0);
    }
}
