package org.diffusionclassifier.score;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import org.diffusionclassifier.image.RgbImage;

/** A scorer that looks errors up, and remembers what it was asked. */
public final class TableScorer implements Scorer {

    public static final int TIMESTEPS = 1000;

    private final int prompts;
    private final BiFunction<Trial, Integer, Float> table;
    private int[] firsts;
    public final List<RgbImage> shown = new ArrayList<>();
    public final List<Round> rounds = new ArrayList<>();

    public TableScorer(int prompts, BiFunction<Trial, Integer, Float> table) {
        this.prompts = prompts;
        this.table = table;
    }

    /** Errors that depend on the prompt alone. */
    public static TableScorer of(float... errorOfPrompt) {
        return new TableScorer(errorOfPrompt.length, (trial, prompt) -> errorOfPrompt[prompt]);
    }

    /** Some of its prompts are one. @param firstOfPrompt as {@link #first} gives them */
    public TableScorer withFirsts(int... firstOfPrompt) {
        firsts = firstOfPrompt;
        return this;
    }

    @Override
    public int first(int prompt) {
        return firsts == null ? prompt : firsts[prompt];
    }

    @Override
    public int prompts() {
        return prompts;
    }

    @Override
    public int elements() {
        return 256;
    }

    @Override
    public int timesteps() {
        return TIMESTEPS;
    }

    @Override
    public void show(RgbImage image) {
        shown.add(image);
    }

    @Override
    public float[][] errors(Round round) {
        rounds.add(round);
        float[][] errors = new float[round.trials().size()][round.prompts().size()];
        for (int i = 0; i < errors.length; i++) {
            for (int j = 0; j < errors[i].length; j++) {
                errors[i][j] = table.apply(round.trials().get(i), round.prompts().get(j));
            }
        }
        return errors;
    }

    @Override
    public void close() {
    }
}
