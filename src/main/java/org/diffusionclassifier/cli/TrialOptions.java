package org.diffusionclassifier.cli;

import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.SortedMap;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.prompt.LabelTree;
import org.diffusionclassifier.prompt.Preset;
import org.diffusionclassifier.prompt.PromptSet;
import org.diffusionclassifier.safetensors.SafetensorsFile;
import org.diffusionclassifier.safetensors.TensorInfo;
import org.diffusionclassifier.score.Noise;
import org.diffusionclassifier.score.Objective;
import org.diffusionclassifier.strategy.StagedElimination;
import org.diffusionclassifier.strategy.Strategy;
import org.diffusionclassifier.strategy.StrategyPlan;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.InputException;
import picocli.CommandLine.Option;

/** Which strategy, with how many trials, for how many prompts, with which noise and which loss. */
final class TrialOptions extends DrawOptions {

    private static final List<Integer> N_SAMPLES = List.of(50, 500);
    private static final List<Integer> TO_KEEP = List.of(5, 1);
    private static final int MAX_TRIALS = 100;

    enum Choice { STAGED, RACE, EXHAUSTIVE }

    @Option(names = "--strategy", paramLabel = "NAME", defaultValue = "staged",
            description = "staged, the paper's elimination; race, which drops a prompt once it is surely worse than the "
                    + "best; or exhaustive, all prompts at all timesteps. Default: ${DEFAULT-VALUE}.")
    Choice strategy = Choice.STAGED;

    @Option(names = "--exhaustive", description = "The same as --strategy exhaustive.")
    boolean exhaustive;

    @Option(names = "--n-samples", paramLabel = "N", split = ",",
            description = "Timesteps evaluated by the end of each stage. Default: 50,500; of exhaustive, 500.")
    List<Integer> nSamples;

    @Option(names = "--to-keep", paramLabel = "N", split = ",",
            description = "Prompts that survive each stage. Default: 5,1, or all if there are fewer.")
    List<Integer> toKeep;

    @Option(names = "--interval", paramLabel = "N",
            description = "Instead: all prompts at every N-th timestep, from the (N/2)-th on; 4 in the paper's runs of "
                    + "DiT.")
    Integer interval;

    @Option(names = "--preset", paramLabel = "NAME",
            description = "The paper's --n-samples, --to-keep and --loss for ${COMPLETION-CANDIDATES}.")
    Preset preset;

    @Option(names = "--confidence", paramLabel = "P",
            description = "Of a race: how sure it must be. Default: " + StrategyPlan.DEFAULT_CONFIDENCE + ".")
    Double confidence;

    @Option(names = "--bound", paramLabel = "NAME",
            description = "Of a race: paired-t promises that confidence at every look, and takes the fewest pairs; "
                    + "anytime promises it over all looks together, for errors that are nearly normal. Default: "
                    + StrategyPlan.DEFAULT_BOUND + ".")
    String bound;

    @Option(names = "--max-trials", paramLabel = "N",
            description = "Of a race: timesteps after which what is left is a tie. Default: " + MAX_TRIALS + ".")
    Integer maxTrials;

    @Option(names = "--tree", paramLabel = "FILE",
            description = "Of a race: groups of classes (JSON), of which the best is found before its members race.")
    Path tree;

    /** @throws InputException for what can be refused before anything is loaded */
    void check(PromptSet prompts) {
        check(prompts.prompts().size());
        if (tree != null) {
            LabelTree.read(tree, prompts);
        }
    }

    /** The same, without what depends on the prompts' names. */
    void check(int prompts) {
        if (exhaustive && strategy == Choice.RACE) {
            throw new InputException("--exhaustive: expected no --strategy race beside it");
        }
        if (interval != null && (nSamples != null || toKeep != null || preset != null)) {
            throw new InputException("--interval takes all prompts: expected no --n-samples, --to-keep or --preset "
                    + "beside it");
        }
        if (interval != null && interval < 1) {
            throw new InputException("--interval: expected at least 1, found " + interval);
        }
        if (choice() != Choice.RACE && (confidence != null || bound != null || maxTrials != null
                || tree != null)) {
            throw new InputException("--confidence, --bound, --max-trials and --tree are a race's: expected --strategy race");
        }
        if (choice() != Choice.STAGED && (toKeep != null || preset != null || interval != null)) {
            throw new InputException("--to-keep, --preset and --interval: expected --strategy staged beside them, found "
                    + choice().name().toLowerCase(Locale.ROOT));
        }
        if (choice() == Choice.RACE && nSamples != null) {
            throw new InputException("--n-samples: expected --max-trials for a race");
        }
        if (choice() == Choice.EXHAUSTIVE && nSamples().size() != 1) {
            throw new InputException("--n-samples: expected one number for --strategy exhaustive, found " + nSamples());
        }
        if (interval == null && plan(prompts, 0) instanceof StrategyPlan.Staged staged) {
            StagedElimination.check(staged.nSamples().size(), staged.toKeep(), prompts);
        }
    }

    /** @throws InputException unless all prompts see all trials */
    void requireExhaustive(String option) {
        if (interval == null && (choice() == Choice.RACE || nSamples().size() != 1)) {
            throw new InputException(option + ": expected --exhaustive beside it");
        }
    }

    /**
     * What is asked for.
     *
     * @param timesteps T of the model; asked for by --interval alone
     */
    StrategyPlan plan(int prompts, int timesteps) {
        if (choice() == Choice.RACE) {
            return new StrategyPlan.Racing(maxTrials == null ? MAX_TRIALS : maxTrials,
                    confidence == null ? StrategyPlan.DEFAULT_CONFIDENCE : confidence,
                    bound == null ? StrategyPlan.DEFAULT_BOUND : bound);
        }
        if (interval == null) {
            return new StrategyPlan.Staged(nSamples(), toKeep(prompts));
        }
        if (timesteps % interval != 0) {
            throw new InputException("--interval " + interval + ": expected a divisor of the model's " + timesteps
                    + " timesteps");
        }
        return new StrategyPlan.Staged(List.of(timesteps / interval), List.of(1));
    }

    Strategy strategy(PromptSet prompts, int timesteps, int pairsAhead) {
        StrategyPlan plan = plan(prompts.prompts().size(), timesteps);
        if (tree != null && plan instanceof StrategyPlan.Racing race) {
            return race.strategy(timesteps, nTrials, LabelTree.read(tree, prompts), pairsAhead);
        }
        return plan.strategy(timesteps, nTrials, prompts.classIndices(), pairsAhead);
    }

    private Choice choice() {
        return exhaustive ? Choice.EXHAUSTIVE : strategy;
    }

    private List<Integer> nSamples() {
        if (nSamples != null) {
            return nSamples;
        }
        if (choice() == Choice.EXHAUSTIVE) {
            return N_SAMPLES.subList(N_SAMPLES.size() - 1, N_SAMPLES.size());
        }
        return preset != null ? preset.nSamples() : N_SAMPLES;
    }

    /** As asked for; the default fits itself to few prompts, a number that somebody chose does not. */
    private List<Integer> toKeep(int prompts) {
        if (choice() == Choice.EXHAUSTIVE) {
            return List.of(1);
        }
        if (toKeep != null || preset != null) {
            return toKeep != null ? toKeep : preset.toKeep();
        }
        return TO_KEEP.stream().map(keep -> Math.min(keep, prompts)).toList();
    }

    Objective objective() {
        return loss != null ? loss : preset != null ? Objective.parse(preset.loss()) : Objective.L2;
    }

    /** Adds everything here that results depend on. */
    void describe(SortedMap<String, String> settings, int prompts, int pairsAhead) {
        if (choice() == Choice.RACE) {
            settings.put("strategy", plan(prompts, 0).toString());
            settings.put("pairs-ahead", String.valueOf(pairsAhead));
            if (tree != null) {
                settings.put("tree", tree.toAbsolutePath().normalize().toString());
            }
        } else if (interval == null) {
            settings.put("n-samples", join(nSamples()));
            settings.put("to-keep", join(toKeep(prompts)));
        } else {
            settings.put("interval", String.valueOf(interval));
        }
        settings.put("loss", objective().toString());
        settings.put("n-trials", String.valueOf(nTrials));
        settings.put("noise", noise == null ? "seed " + seed : noise.toAbsolutePath().normalize().toString());
    }

    private static String join(List<Integer> numbers) {
        return String.join(",", numbers.stream().map(String::valueOf).toList());
    }

    /** Noise for latents [size, size, channels]; a file must hold as much as the plan uses. */
    Noise noise(Device device, int size, int channels, int prompts, int timesteps) {
        int noises = plan(prompts, timesteps).noises(timesteps, nTrials);
        if (noise == null) {
            return new Noise.Seeded(seed);
        }
        try (var file = SafetensorsFile.open(noise)) {
            if (file.tensors().size() != 1) {
                throw new InputException(noise + ": expected one tensor, found " + file.tensors().size());
            }
            TensorInfo info = file.tensors().values().iterator().next();
            List<Integer> shape = info.shape();
            if (shape.size() != 4 || !shape.subList(1, 4).equals(List.of(channels, size, size))
                    || shape.get(0) < noises) {
                throw new InputException(noise + ": tensor " + info.name() + ": expected shape [" + noises
                        + " or more, " + channels + ", " + size + ", " + size + "], found " + shape);
            }
            float[] values = new float[Math.toIntExact(info.elements())];
            file.read(info.name(), FloatBuffer.wrap(values));
            Tensor table = device.tensor(DType.F32, shape.get(0), size, size, channels);
            device.write(table, channelsLast(values, channels, size * size));
            return new Noise.Given(table);
        }
    }

    private static float[] channelsLast(float[] values, int channels, int pixels) {
        var moved = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            int entry = i / (channels * pixels);
            int channel = i / pixels % channels;
            moved[(entry * pixels + i % pixels) * channels + channel] = values[i];
        }
        return moved;
    }
}
