package org.diffusionclassifier.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.stream.Stream;
import org.diffusionclassifier.TrialSpec;
import org.diffusionclassifier.prompt.Preset;
import org.diffusionclassifier.score.Objective;
import org.diffusionclassifier.strategy.Interval;
import org.diffusionclassifier.strategy.Race;
import org.diffusionclassifier.strategy.Staged;
import org.diffusionclassifier.strategy.StrategySpec;
import org.diffusionclassifier.tensor.InputException;
import picocli.CommandLine.Option;

/** Which strategy, with how many trials, for how many prompts, with which noise and which loss. */
final class TrialOptions extends DrawOptions {

    enum Choice { STAGED, RACE, EXHAUSTIVE }

    @Option(names = "--strategy", paramLabel = "NAME",
            description = "race, which drops a prompt once it is surely worse than the best; staged, the paper's "
                    + "elimination; or exhaustive, all prompts at all timesteps. Default: race, or staged with "
                    + "--n-samples, --to-keep, --interval or --preset.")
    private Choice strategy;

    @Option(names = "--exhaustive", description = "The same as --strategy exhaustive.")
    private boolean exhaustive;

    @Option(names = "--confidence", paramLabel = "P",
            description = "Of a race: how sure it must be. Default: " + Race.COVARIANCE_CONFIDENCE + " by covariance, "
                    + "else " + Race.CONFIDENCE + ".")
    private Double confidence;

    @Option(names = "--bound", paramLabel = "NAME",
            description = "Of a race: covariance goes by what calibrate learned of how trials covary, takes the fewest "
                    + "pairs, and decides as all trials do at the rate of the confidence; paired-t promises the "
                    + "confidence at every look; anytime promises it over all looks together, for errors that are nearly normal. "
                    + "Default: auto, covariance where the calibration holds for the run, else paired-t.")
    private String bound;

    @Option(names = "--max-trials", paramLabel = "N",
            description = "Of a race: timesteps after which what is left is a tie. Default: " + Race.MAX_TRIALS + ".")
    private Integer maxTrials;

    @Option(names = "--tree", paramLabel = "FILE",
            description = "Of a race: groups of classes (JSON). The race first finds the best group, then its best "
                    + "member.")
    private Path tree;

    @Option(names = "--n-samples", paramLabel = "N", split = ",",
            description = "Of the stages: timesteps that each asks for. Default: 50,500; of exhaustive, 500.")
    private List<Integer> nSamples;

    @Option(names = "--to-keep", paramLabel = "N", split = ",",
            description = "Of the stages: prompts that survive each. Default: 5,1, or all if there are fewer.")
    private List<Integer> toKeep;

    @Option(names = "--interval", paramLabel = "N",
            description = "Instead: all prompts at every N-th timestep, from the (N/2)-th on; 4 in the paper's runs of "
                    + "DiT.")
    private Integer interval;

    @Option(names = "--preset", paramLabel = "NAME",
            description = "The paper's --n-samples, --to-keep and --loss for ${COMPLETION-CANDIDATES}.")
    private Preset preset;

    TrialSpec trials() {
        return trials(Objective.L2);
    }

    /** A preset's loss goes before the default. */
    @Override
    TrialSpec trials(Objective byDefault) {
        return super.trials(preset == null ? byDefault : preset.loss());
    }

    /**
     * The strategy asked for.
     *
     * @param prompts how many there are, to which the default number to keep fits itself; one that was chosen does not
     * @throws InputException for options that do not go together
     */
    StrategySpec strategy(int prompts) {
        check();
        switch (choice()) {
            case RACE:
                return new Race(confidence, bound == null ? Race.AUTO : bound,
                        maxTrials == null ? Race.MAX_TRIALS : maxTrials, tree);
            case EXHAUSTIVE:
                return Staged.exhaustive(nSamples == null ? Staged.N_SAMPLES.get(Staged.N_SAMPLES.size() - 1)
                        : nSamples.get(0));
            default:
                if (interval != null) {
                    return new Interval(interval);
                }
                return new Staged(
                        nSamples != null ? nSamples : preset != null ? preset.strategy().nSamples() : Staged.N_SAMPLES,
                        toKeep != null ? toKeep : preset != null ? preset.strategy().toKeep() : Staged.toKeepOf(prompts));
        }
    }

    /**
     * The strategy asked for, if one was.
     *
     * @param byDefault otherwise
     */
    StrategySpec strategy(int prompts, StrategySpec byDefault) {
        return choosesStrategy() ? strategy(prompts) : byDefault;
    }

    private boolean choosesStrategy() {
        return nSamples != null || isMoreThanNSamples();
    }

    /** Whether any option but --n-samples is about which pairs are evaluated. */
    boolean isMoreThanNSamples() {
        return exhaustive || Stream.of(strategy, confidence, bound, maxTrials, tree, toKeep, interval, preset)
                .anyMatch(Objects::nonNull);
    }

    /** How many timesteps everything sees, where all see the same. */
    int nSamples(int byDefault) {
        if (nSamples != null && nSamples.size() != 1) {
            throw new InputException("--n-samples: expected one number, found " + nSamples);
        }
        return nSamples == null ? byDefault : nSamples.get(0);
    }

    private Choice choice() {
        if (exhaustive) {
            return Choice.EXHAUSTIVE;
        }
        boolean stages = nSamples != null || toKeep != null || interval != null || preset != null;
        return strategy != null ? strategy : stages ? Choice.STAGED : Choice.RACE;
    }

    private void check() {
        if (exhaustive && strategy == Choice.RACE) {
            throw new InputException("--exhaustive: expected no --strategy race beside it");
        }
        if (interval != null && (nSamples != null || toKeep != null || preset != null)) {
            throw new InputException("--interval takes all prompts: expected no --n-samples, --to-keep or --preset "
                    + "beside it");
        }
        if (choice() != Choice.RACE && (confidence != null || bound != null || maxTrials != null || tree != null)) {
            throw new InputException("--confidence, --bound, --max-trials and --tree are a race's: expected --strategy race");
        }
        if (choice() != Choice.STAGED && (toKeep != null || preset != null || interval != null)) {
            throw new InputException("--to-keep, --preset and --interval: expected --strategy staged beside them, found "
                    + choice().name().toLowerCase(Locale.ROOT));
        }
        if (choice() == Choice.RACE && nSamples != null) {
            throw new InputException("--n-samples: expected --max-trials for a race");
        }
        if (choice() == Choice.EXHAUSTIVE && nSamples != null && nSamples.size() != 1) {
            throw new InputException("--n-samples: expected one number for --strategy exhaustive, found " + nSamples);
        }
    }
}
