package org.diffusionclassifier.strategy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.diffusionclassifier.score.PromptErrors;
import org.diffusionclassifier.score.Round;
import org.diffusionclassifier.score.Trial;

/** Everything evaluated for one image so far, and which prompts are still alive. */
public final class Tally {

    private final List<List<Trial>> trials = new ArrayList<>();
    private final List<float[]> errors = new ArrayList<>();
    private final int[] lastRound;
    private final Twins twins;
    private final double[] handicaps;
    private final MeanEstimate estimate;
    private List<Integer> alive;
    private int rounds;

    /** Of prompts that all start alike. */
    public Tally(int prompts) {
        this(Twins.none(new double[prompts]), MeanEstimate.OF_THOSE_SEEN);
    }

    /**
     * @param twins    with what is added to each prompt's mean error before prompts are compared
     * @param estimate of that mean error
     */
    Tally(Twins twins, MeanEstimate estimate) {
        this.twins = twins;
        this.handicaps = twins.handicaps();
        this.estimate = estimate;
        int prompts = handicaps.length;
        for (int prompt = 0; prompt < prompts; prompt++) {
            trials.add(new ArrayList<>());
            errors.add(new float[0]);
        }
        lastRound = new int[prompts];
        alive = twins.alive();
    }

    /** Rounds added. */
    public int rounds() {
        return rounds;
    }

    /** Prompts that have not been dropped, ascending; of those that are one to the model, one. */
    public List<Integer> alive() {
        return alive;
    }

    /** Mean error of a prompt over everything evaluated for it. */
    public double mean(int prompt) {
        return errorsOf(prompt).mean();
    }

    /** What prompts are compared by, the smaller the better: the mean error as it is estimated, with the handicap. */
    public double score(int prompt) {
        PromptErrors seen = errorsOf(prompt);
        return estimate.of(seen, seen.errors().length) + handicaps[prompt];
    }

    /** What {@link #score} adds to a prompt's mean error. */
    public double handicap(int prompt) {
        return handicaps[prompt];
    }

    /** The trials evaluated for every prompt alive, in the order of evaluation. */
    public List<Trial> trials() {
        return Collections.unmodifiableList(trials.get(alive.get(0)));
    }

    /** The errors of a prompt that is alive on {@link #trials}; not to be changed. */
    float[] errors(int prompt) {
        return errors.get(prompt);
    }

    /** @param evaluated errors[i][j] of the round's i-th trial and j-th prompt */
    public void add(Round round, float[][] evaluated) {
        for (int j = 0; j < round.prompts().size(); j++) {
            int prompt = round.prompts().get(j);
            float[] before = errors.get(prompt);
            float[] now = Arrays.copyOf(before, before.length + evaluated.length);
            for (int i = 0; i < evaluated.length; i++) {
                now[before.length + i] = evaluated[i][j];
            }
            errors.set(prompt, now);
            trials.get(prompt).addAll(round.trials());
            lastRound[prompt] = rounds;
        }
        rounds++;
    }

    /** Drops every prompt but {@code survivors}. */
    public void keep(List<Integer> survivors) {
        alive = survivors.stream().sorted().toList();
        alive.forEach(prompt -> lastRound[prompt] = rounds);
    }

    /** What it becomes with some of a round's trials, itself left as it is. @param evaluated as in {@link #add} */
    Tally with(Round round, float[][] evaluated, int trialsDone) {
        var copy = new Tally(twins, estimate);
        for (int prompt = 0; prompt < errors.size(); prompt++) {
            copy.trials.set(prompt, new ArrayList<>(trials.get(prompt)));
            copy.errors.set(prompt, errors.get(prompt));
            copy.lastRound[prompt] = lastRound[prompt];
        }
        copy.rounds = rounds;
        copy.alive = alive;
        copy.add(new Round(round.trials().subList(0, trialsDone), round.prompts()),
                Arrays.copyOf(evaluated, trialsDone));
        copy.keep(alive);
        return copy;
    }

    /** The outcome as it stands: those that lasted longest first, among them by score. */
    public Prediction prediction() {
        List<PromptErrors> ranking = IntStream.range(0, errors.size()).boxed()
                .sorted(Comparator.comparingInt((Integer prompt) -> -lastRound[evaluated(prompt)])
                        .thenComparingDouble(this::score))
                .map(this::errorsOf)
                .toList();
        long tied = IntStream.range(0, errors.size())
                .filter(prompt -> alive.contains(evaluated(prompt)) && twins.isTie(prompt)).count();
        return new Prediction(ranking, alive.size() + (int) tied, estimate);
    }

    private int evaluated(int prompt) {
        return twins.evaluated().get(prompt);
    }

    private PromptErrors errorsOf(int prompt) {
        int evaluated = evaluated(prompt);
        return new PromptErrors(prompt, evaluated, List.copyOf(trials.get(evaluated)), errors.get(evaluated));
    }
}
