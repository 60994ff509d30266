package org.diffusionclassifier.jmh;

import java.util.List;
import java.util.stream.IntStream;
import org.diffusionclassifier.checkpoint.Checkpoint;
import org.diffusionclassifier.checkpoint.ModelSpec;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.image.ImageDecoder;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.model.BundledModel;
import org.diffusionclassifier.model.Conditioning;
import org.diffusionclassifier.model.LatentModel;
import org.diffusionclassifier.model.ModelFamily;
import org.diffusionclassifier.prompt.Prompt;
import org.diffusionclassifier.prompt.PromptSet;
import org.diffusionclassifier.score.LatentScorer;
import org.diffusionclassifier.score.Noise;
import org.diffusionclassifier.score.Objective;
import org.diffusionclassifier.strategy.Classifier;
import org.diffusionclassifier.strategy.Prediction;
import org.diffusionclassifier.strategy.StrategyPlan;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.TearDown;

/** A picture classified by the bundled model among its ten classes, from pixels to the decision. */
public class ClassificationBenchmark extends DeviceBenchmark {

    /** Timesteps at the most, where the strategy does not say. */
    private static final int TRIALS = 100;

    @Param("auto")
    public String dtype;

    /** As {@link StrategyPlan#parse} reads it. */
    @Param({"exhaustive:50", "staged:10,50/3,1", "race:0.95"})
    public String strategy;

    /** Pairs a batch. */
    @Param("64")
    public int batch;

    private Device opened;
    private BundledModel bundled;
    private Checkpoint checkpoint;
    private LatentModel model;
    private Conditioning conditioning;
    private LatentScorer scorer;
    private Classifier classifier;
    private RgbImage picture;

    @Setup
    public void open() {
        opened = openDevice(dtype);
        bundled = BundledModel.open();
        checkpoint = Checkpoint.open(ModelSpec.of(bundled.root()));
        var captions = PromptSet.read(bundled.prompts()).prompts().stream().map(Prompt::text).toList();
        picture = ImageDecoder.read(bundled.images().resolve("sneaker-0.png"));
        model = ModelFamily.of(checkpoint).load(checkpoint, opened);
        conditioning = model.conditioner().encode(captions);
        scorer = new LatentScorer(model, conditioning, new Noise.Seeded(0), Objective.L2, batch);
        List<Integer> classes = IntStream.range(0, captions.size()).boxed().toList();
        classifier = new Classifier(scorer, StrategyPlan.parse(strategy, TRIALS)
                .strategy(scorer.timesteps(), 1, classes, scorer.pairsAhead()));
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
        conditioning.close();
        model.close();
        opened.close();
        checkpoint.close();
        bundled.close();
    }
}
