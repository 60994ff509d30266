package org.diffusionclassifier;

import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.result.CaptionErrors;
import org.diffusionclassifier.score.Round;
import org.diffusionclassifier.score.Scorer;
import org.diffusionclassifier.score.Trial;

/**
 * Errors of pictures conditioned on captions, all over the same trials, and always on none besides. Unlike
 * a classifier's of one picture at a time, they compare pictures and captions both ways
 * ({@link org.diffusionclassifier.result.Scoring}).
 */
final class CaptionComparison {

    private final Scorer scorer;
    private final String none;
    private final Map<String, Integer> prompts = new HashMap<>();
    private final List<Trial> trials;
    private final Runnable before;
    private long pairs;

    /**
     * @param scorer  of the captions of {@code prompts}, in this order
     * @param prompts as {@link #prompts} gives them, the one that stands for none first
     * @param trials  at least one
     */
    CaptionComparison(Scorer scorer, List<String> prompts, List<Trial> trials) {
        this(scorer, prompts, trials, () -> { });
    }

    /** @param before called before each picture, and again after each batch; what it throws ends the comparison */
    CaptionComparison(Scorer scorer, List<String> prompts, List<Trial> trials, Runnable before) {
        this.before = before;
        if (scorer.prompts() != prompts.size() || trials.isEmpty()) {
            throw new IllegalArgumentException("a scorer of " + scorer.prompts() + " prompts for " + prompts.size()
                    + ", " + trials.size() + " trials");
        }
        this.scorer = scorer;
        this.none = prompts.get(0);
        prompts.forEach(prompt -> this.prompts.put(prompt, this.prompts.size()));
        this.trials = List.copyOf(trials);
    }

    /** What a scorer must know for these captions to be compared: what stands for none, and each once. */
    static List<String> prompts(String none, Collection<String> captions) {
        return Stream.concat(Stream.of(none), captions.stream()).distinct().toList();
    }

    /** Evaluates a picture conditioned on each of {@code captions}, which may be in any order. */
    CaptionErrors errors(String name, RgbImage picture, List<String> captions) {
        List<Integer> asked = captions.stream().map(this::prompt).toList();
        List<Integer> evaluated = Stream.concat(Stream.of(none), captions.stream()).map(this::prompt).distinct()
                .sorted().toList();
        before.run();
        scorer.show(picture);
        float[][] errors = scorer.errors(new Round(trials, evaluated), (evaluatedSoFar, done) -> {
            before.run();
            return true;
        });
        pairs += (long) trials.size() * evaluated.size();
        double[] mean = IntStream.range(0, evaluated.size())
                .mapToDouble(j -> Arrays.stream(errors).mapToDouble(trial -> trial[j]).sum() / errors.length).toArray();
        return new CaptionErrors(name, captions,
                asked.stream().mapToDouble(prompt -> mean[evaluated.indexOf(prompt)]).toArray(),
                mean[evaluated.indexOf(prompt(none))]);
    }

    /** Of captions that are one to the model, the first. */
    private int prompt(String caption) {
        Integer prompt = prompts.get(caption);
        if (prompt == null) {
            throw new IllegalArgumentException("no prompt \"" + caption + "\"");
        }
        return scorer.first(prompt);
    }

    /** Pairs of a prompt and a trial evaluated so far. */
    long pairs() {
        return pairs;
    }
}
