package org.diffusionclassifier.jmh;

import java.util.Arrays;
import java.util.List;
import org.diffusionclassifier.classify.Classifier;
import org.diffusionclassifier.classify.Noise;
import org.diffusionclassifier.classify.Prediction;
import org.diffusionclassifier.classify.StableDiffusionScorer;
import org.diffusionclassifier.classify.StagedElimination;
import org.diffusionclassifier.classify.TrialPlan;
import org.diffusionclassifier.data.Prompt;
import org.diffusionclassifier.data.PromptSet;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Diffusion.Loss;
import org.diffusionclassifier.image.ImageDecoder;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.model.BundledModel;
import org.diffusionclassifier.model.StableDiffusion;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.TearDown;

/** A picture classified by the bundled model among its ten classes, from pixels to the decision. */
public class ClassificationBenchmark extends DeviceBenchmark {

    @Param("auto")
    public String dtype;

    /** Timesteps evaluated by the end of each stage / prompts that survive it: every class 50 times, or only the best. */
    @Param({"50/1", "10,50/3,1"})
    public String strategy;

    /** Pairs a batch. */
    @Param("64")
    public int batch;

    private Device opened;
    private StableDiffusion model;
    private StableDiffusionScorer scorer;
    private Classifier classifier;
    private RgbImage picture;

    @Setup
    public void open() {
        opened = openDevice(dtype);
        try (var bundled = BundledModel.open()) {
            var captions = PromptSet.read(bundled.prompts()).prompts().stream().map(Prompt::text).toList();
            picture = ImageDecoder.read(bundled.images().resolve("sneaker-0.png"));
            model = new StableDiffusion(bundled.root(), opened);
            scorer = new StableDiffusionScorer(model, opened, captions, new Noise.Seeded(0), Loss.L2, batch);
            String[] stages = strategy.split("/");
            var plan = TrialPlan.of(scorer.timesteps(), numbers(stages[0]), 1);
            classifier = new Classifier(scorer, new StagedElimination(plan, numbers(stages[1]), captions.size()));
        }
    }

    private static List<Integer> numbers(String text) {
        return Arrays.stream(text.split(",")).map(Integer::valueOf).toList();
    }

    @Benchmark
    public Prediction classify(Amounts.Pairs amount) {
        Prediction prediction = classifier.classify(picture);
        amount.pairs += prediction.pairs();
        return prediction;
    }

    @TearDown
    public void close() {
        scorer.close();
        model.close();
        opened.close();
    }
}
