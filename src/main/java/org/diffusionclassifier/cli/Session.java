package org.diffusionclassifier.cli;

import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Locale;
import org.diffusionclassifier.checkpoint.ArrivingModel;
import org.diffusionclassifier.checkpoint.DitSource;
import org.diffusionclassifier.checkpoint.ModelFile;
import org.diffusionclassifier.checkpoint.ModelSource;
import org.diffusionclassifier.config.DitConfig;
import org.diffusionclassifier.config.UNetConfig;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.WeightsBudget;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.model.BundledModel;
import org.diffusionclassifier.model.ClassConditional;
import org.diffusionclassifier.model.StableDiffusion;
import org.diffusionclassifier.prompt.Prompt;
import org.diffusionclassifier.prompt.PromptSet;
import org.diffusionclassifier.score.DitScorer;
import org.diffusionclassifier.score.LatentScorer;
import org.diffusionclassifier.score.Objective;
import org.diffusionclassifier.score.StableDiffusionScorer;
import org.diffusionclassifier.strategy.Classifier;
import org.diffusionclassifier.strategy.Posterior;
import org.diffusionclassifier.strategy.Prediction;
import org.diffusionclassifier.tensor.InputException;

/** A device, a model on it and the prompts it compares: what every command runs with. */
final class Session implements AutoCloseable {

    private final Deque<AutoCloseable> opened = new ArrayDeque<>();
    private final PrintWriter log;
    private final Device device;
    private final LatentScorer scorer;
    private final Posterior posterior;
    private final Classifier classifier;

    /** @param log where to say what is loaded, or null */
    Session(ModelOptions modelOptions, TrialOptions trialOptions, CertaintyOptions certainty, PromptSet prompts,
            BundledModel bundled, PrintWriter log) {
        this.log = log;
        say("Java has started, the command line is read");
        try {
            if (modelOptions.isClassConditional()) {
                DitSource source = modelOptions.classConditional();
                var budget = modelOptions.budget(source);
                device = openDevice(modelOptions, budget);
                scorer = open(labelScorer(source, budget, modelOptions, trialOptions, prompts));
            } else {
                ModelSource source = modelOptions.source(bundled);
                var budget = modelOptions.budget(source);
                if (source instanceof ModelFile) {      // a DiT has no text encoder to work while the rest is read
                    source = open(new ArrivingModel(source));
                }
                device = openDevice(modelOptions, budget);
                scorer = open(captionScorer(source, budget, modelOptions, trialOptions, prompts));
            }
            if (modelOptions.isBatchSizeFree()) {
                scorer.fitBatchToMemory();
            }
            say(scorer.prompts() + " prompts, batches of " + scorer.batchSize() + " pairs");
            posterior = certainty.posterior(modelOptions, trialOptions.objective(), scorer, prompts);
            classifier = new Classifier(scorer,
                    trialOptions.strategy(prompts, scorer.timesteps(), scorer.pairsAhead()), posterior.handicaps());
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    private Device openDevice(ModelOptions modelOptions, WeightsBudget budget) {
        Device opened = open(modelOptions.openDevice(budget));
        say("native libraries loaded: " + opened.description());
        return opened;
    }

    private LatentScorer captionScorer(ModelSource source, WeightsBudget budget, ModelOptions modelOptions,
                                       TrialOptions trialOptions, PromptSet prompts) {
        Objective objective = trialOptions.objective();
        if (objective.hasBound()) {
            throw new InputException("--loss " + objective + ": expected a model that predicts variances, a DiT");
        }
        var captions = prompts.prompts().stream().map(Prompt::text).toList();
        var model = open(StableDiffusion.load(source, device, captions));
        sayLoaded(budget);
        UNetConfig config = model.unet().config();
        var noise = trialOptions.noise(device, config.sampleSize(), config.inChannels(), captions.size(),
                model.noise().timesteps());
        return new StableDiffusionScorer(model, device, captions, noise, objective.loss(),
                modelOptions.batchSizeFor(config.sampleSize(), device));
    }

    private LatentScorer labelScorer(DitSource source, WeightsBudget budget, ModelOptions modelOptions,
                                     TrialOptions trialOptions, PromptSet prompts) {
        var model = open(new ClassConditional(source, device));
        sayLoaded(budget);
        DitConfig config = model.dit().config();
        var noise = trialOptions.noise(device, config.sampleSize(), config.inChannels(), prompts.prompts().size(),
                model.noise().timesteps());
        var labels = prompts.prompts().stream().map(prompt -> Integer.valueOf(prompt.text())).toList();
        return new DitScorer(model, device, labels, noise, trialOptions.objective(),
                modelOptions.batchSizeFor(config.sampleSize(), device));
    }

    private void sayLoaded(WeightsBudget budget) {
        say("model loaded" + (budget.isUnlimited() ? "" : ", " + budget));
    }

    private <T extends AutoCloseable> T open(T resource) {
        opened.push(resource);
        return resource;
    }

    private void say(String what) {
        if (log != null) {
            long start = ManagementFactory.getRuntimeMXBean().getStartTime();       // of Java, before its classes
            log.printf(Locale.ROOT, "%6.2f s  %s%n", (System.currentTimeMillis() - start) * 1e-3, what);
        }
    }

    Device device() {
        return device;
    }

    /** Gives the prompts' errors one by one, where no classification is wanted. */
    LatentScorer scorer() {
        return scorer;
    }

    /** Pairs that a race asks for at once. */
    int pairsAhead() {
        return scorer.pairsAhead();
    }

    /** What errors say of prompts. */
    Posterior posterior() {
        return posterior;
    }

    Prediction classify(RgbImage image) {
        return classifier.classify(image);
    }

    @Override
    public void close() {
        while (!opened.isEmpty()) {
            try {
                opened.pop().close();
            } catch (RuntimeException e) {
                throw e;
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        }
    }
}
