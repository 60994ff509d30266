package org.diffusionclassifier.cli;

import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import org.diffusionclassifier.checkpoint.Checkpoint;
import org.diffusionclassifier.checkpoint.ReadAhead;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.WeightsBudget;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.model.Conditioning;
import org.diffusionclassifier.model.LatentModel;
import org.diffusionclassifier.prompt.Prompt;
import org.diffusionclassifier.prompt.PromptSet;
import org.diffusionclassifier.score.LatentScorer;
import org.diffusionclassifier.score.Objective;
import org.diffusionclassifier.strategy.Classifier;
import org.diffusionclassifier.strategy.Posterior;
import org.diffusionclassifier.strategy.Prediction;

/** A device, a model on it and the prompts it compares: what every command runs with. */
final class Session implements AutoCloseable {

    private final Deque<AutoCloseable> opened = new ArrayDeque<>();
    private final PrintWriter log;
    private final Device device;
    private final LatentScorer scorer;
    private final Posterior posterior;
    private final Classifier classifier;

    /** @param log where to say what is loaded, or null */
    Session(OpenedModel model, TrialOptions trialOptions, CertaintyOptions certainty, PromptSet prompts,
            PrintWriter log) {
        this.log = log;
        say("Java has started, the command line is read");
        ModelOptions modelOptions = model.options();
        try {
            var budget = modelOptions.budget(model.layout());
            Checkpoint checkpoint = open(ReadAhead.of(model.checkpoint(), model.layout()));
            device = open(modelOptions.openDevice(budget));
            say("native libraries loaded: " + device.description());
            scorer = open(scorer(model.family().load(checkpoint, device), budget, modelOptions, trialOptions, prompts));
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

    private LatentScorer scorer(LatentModel loaded, WeightsBudget budget, ModelOptions modelOptions,
                                TrialOptions trialOptions, PromptSet prompts) {
        LatentModel model = open(loaded);
        Objective objective = trialOptions.objective();
        LatentScorer.requireFits(objective, model);
        List<String> texts = prompts.prompts().stream().map(Prompt::text).toList();
        Conditioning conditioning = open(model.conditioner().encode(texts));
        say("model loaded" + (budget.isUnlimited() ? "" : ", " + budget));
        var noise = trialOptions.noise(device, model.size(), model.channels(), texts.size(), model.noise().timesteps());
        return new LatentScorer(model, conditioning, noise, objective,
                modelOptions.batchSizeFor(model.size(), device));
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
