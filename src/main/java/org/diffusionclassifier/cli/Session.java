package org.diffusionclassifier.cli;

import java.io.PrintWriter;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Locale;
import org.diffusionclassifier.classify.Classifier;
import org.diffusionclassifier.classify.Prediction;
import org.diffusionclassifier.classify.StableDiffusionScorer;
import org.diffusionclassifier.data.Prompt;
import org.diffusionclassifier.data.PromptSet;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.model.BundledModel;
import org.diffusionclassifier.model.StableDiffusion;
import org.diffusionclassifier.weights.ArrivingModel;
import org.diffusionclassifier.weights.ModelFile;
import org.diffusionclassifier.weights.ModelSource;

/** A device, a model on it and the prompts it compares: what every command runs with. */
final class Session implements AutoCloseable {

    private final Deque<AutoCloseable> opened = new ArrayDeque<>();
    private final Device device;
    private final Classifier classifier;

    /** @param log where to say what is loaded, or null */
    Session(ModelOptions modelOptions, TrialOptions trialOptions, PromptSet prompts, BundledModel bundled,
            PrintWriter log) {
        long start = System.nanoTime();
        try {
            ModelSource source = modelOptions.source(bundled);
            var budget = modelOptions.budget(source);
            if (source instanceof ModelFile) {
                source = open(new ArrivingModel(source));
            }
            device = open(modelOptions.openDevice(budget));
            say(log, start, device.description());
            var captions = prompts.prompts().stream().map(Prompt::text).toList();
            var model = open(StableDiffusion.load(source, device, captions));
            say(log, start, "model loaded" + (budget.isUnlimited() ? "" : ", " + budget));
            var plan = trialOptions.plan(model.schedule().timesteps());
            int size = model.unet().config().sampleSize();
            var noise = trialOptions.noise(device, size, model.unet().config().inChannels(), plan);
            var scorer = open(new StableDiffusionScorer(model, device, captions, noise, trialOptions.loss(),
                    modelOptions.batchSizeFor(size, device)));
            if (modelOptions.isBatchSizeFree()) {
                scorer.fitBatchToMemory();
            }
            say(log, start, captions.size() + " prompts encoded, batches of " + scorer.batchSize() + " pairs");
            classifier = new Classifier(scorer, trialOptions.strategy(plan, captions.size()));
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    private <T extends AutoCloseable> T open(T resource) {
        opened.push(resource);
        return resource;
    }

    private static void say(PrintWriter log, long start, String what) {
        if (log != null) {
            log.printf(Locale.ROOT, "%6.2f s  %s%n", (System.nanoTime() - start) * 1e-9, what);
        }
    }

    Device device() {
        return device;
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
