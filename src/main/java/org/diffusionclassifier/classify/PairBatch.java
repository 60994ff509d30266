package org.diffusionclassifier.classify;

import java.util.concurrent.atomic.AtomicReference;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Diffusion.Trials;
import org.diffusionclassifier.device.Graph;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.model.NoiseSchedule;
import org.diffusionclassifier.model.Probe;
import org.diffusionclassifier.weights.DType;

/**
 * The way from latent to errors, recorded for batches of P pairs over M trials: add noise (M), UNet (M, then P),
 * ε-error (P). Running it writes a handful of integers and reads P floats.
 */
final class PairBatch implements AutoCloseable {

    private final Device device;
    private final NoiseSchedule schedule;
    private final int trials;
    private final int pairs;
    private final Tensor noiseIndex;
    private final Tensor signalLevel;
    private final Tensor noiseLevel;
    private final Tensor timesteps;
    private final Tensor trialOfPair;
    private final Tensor promptOfPair;
    private final Tensor errors;
    private final Graph graph;

    PairBatch(StableDiffusionScorer scorer, int trials, int pairs) {
        this.device = scorer.device();
        this.schedule = scorer.model().schedule();
        this.trials = trials;
        this.pairs = pairs;
        noiseIndex = device.tensor(DType.I32, trials);
        signalLevel = device.tensor(DType.F32, trials);
        noiseLevel = device.tensor(DType.F32, trials);
        timesteps = device.tensor(DType.I32, trials);
        trialOfPair = device.tensor(DType.I32, pairs);
        promptOfPair = device.tensor(DType.I32, pairs);
        var result = new AtomicReference<Tensor>();
        graph = device.record(recorder -> {
            var drawn = new Trials(scorer.x0(), noiseIndex, signalLevel, noiseLevel);
            Tensor xt = scorer.diffusion().addNoise(drawn);                     // [M, h, w, c]
            Tensor predicted = scorer.model().unet().forward(xt, timesteps, trialOfPair, scorer.context(),
                    promptOfPair, Probe.NONE);                                  // [P, h, w, c]
            result.set(scorer.diffusion().errors(predicted, drawn, trialOfPair, scorer.loss(),
                    scorer.model().directory().schedule().prediction(), false).mean());
            recorder.keep(result.get());                                        // [P]
        });
        errors = result.get();
    }

    /** Errors of the round's pairs {@code from} to {@code from + pairs}, counted prompt by prompt within each trial. */
    float[] run(Round round, int from) {
        int across = round.prompts().size();
        int firstTrial = from / across;
        var noise = new int[trials];
        var t = new int[trials];
        var signal = new float[trials];
        var level = new float[trials];
        for (int m = 0; m < trials; m++) {
            Trial trial = round.trials().get(firstTrial + m);
            noise[m] = trial.noiseIndex();
            t[m] = trial.timestep();
            signal[m] = schedule.signalLevel(trial.timestep());
            level[m] = schedule.noiseLevel(trial.timestep());
        }
        var trialOf = new int[pairs];
        var promptOf = new int[pairs];
        for (int p = 0; p < pairs; p++) {
            trialOf[p] = (from + p) / across - firstTrial;
            promptOf[p] = round.prompts().get((from + p) % across);
        }
        device.write(noiseIndex, noise);
        device.write(timesteps, t);
        device.write(signalLevel, signal);
        device.write(noiseLevel, level);
        device.write(trialOfPair, trialOf);
        device.write(promptOfPair, promptOf);
        graph.run();
        return device.read(errors);
    }

    long arenaBytes() {
        return graph.arenaBytes();
    }

    @Override
    public void close() {
        graph.close();
        for (Tensor tensor : new Tensor[] {noiseIndex, signalLevel, noiseLevel, timesteps, trialOfPair, promptOfPair}) {
            device.release(tensor);
        }
    }
}
