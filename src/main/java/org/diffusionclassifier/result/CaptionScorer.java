package org.diffusionclassifier.result;

import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.score.Round;
import org.diffusionclassifier.score.Scorer;
import org.diffusionclassifier.score.Trial;

/**
 * Errors of pictures told captions, all over the same trials, and always told nothing besides: what a classifier of one
 * picture at a time does not give. Pictures and captions can be compared both ways by them ({@link Scoring}).
 */
public final class CaptionScorer {

    private static final String NOTHING = "";

    private final Scorer scorer;
    private final Map<String, Integer> prompts = new HashMap<>();
    private final List<Trial> trials;
    private long pairs;

    /**
     * @param scorer  of the captions of {@code prompts}, in this order
     * @param prompts as {@link #prompts} gives them
     * @param trials  at least one
     */
    public CaptionScorer(Scorer scorer, List<String> prompts, List<Trial> trials) {
        if (scorer.prompts() != prompts.size() || trials.isEmpty()) {
            throw new IllegalArgumentException("a scorer of " + scorer.prompts() + " prompts for " + prompts.size()
                    + ", " + trials.size() + " trials");
        }
        this.scorer = scorer;
        prompts.forEach(prompt -> this.prompts.put(prompt, this.prompts.size()));
        this.trials = List.copyOf(trials);
    }

    /** What a scorer must know for these captions to be compared: each once, and "". */
    public static List<String> prompts(Collection<String> captions) {
        return Stream.concat(Stream.of(NOTHING), captions.stream()).distinct().toList();
    }

    /** Evaluates a picture told each of {@code captions}, which may be in any order. */
    public CaptionErrors errors(RgbImage picture, List<String> captions) {
        List<Integer> told = captions.stream().map(this::prompt).toList();
        List<Integer> asked = Stream.concat(Stream.of(prompt(NOTHING)), told.stream()).distinct().sorted().toList();
        scorer.show(picture);
        float[][] errors = scorer.errors(new Round(trials, asked));
        pairs += (long) trials.size() * asked.size();
        double[] mean = IntStream.range(0, asked.size())
                .mapToDouble(j -> Arrays.stream(errors).mapToDouble(trial -> trial[j]).sum() / errors.length).toArray();
        return new CaptionErrors(mean[asked.indexOf(prompt(NOTHING))],
                told.stream().mapToDouble(prompt -> mean[asked.indexOf(prompt)]).toArray());
    }

    private Integer prompt(String caption) {
        Integer prompt = prompts.get(caption);
        if (prompt == null) {
            throw new IllegalArgumentException("no prompt \"" + caption + "\"");
        }
        return prompt;
    }

    /** Trials of each pair of a picture and a caption. */
    public int trials() {
        return trials.size();
    }

    /** Pairs of a prompt and a trial evaluated so far. */
    public long pairs() {
        return pairs;
    }
}
