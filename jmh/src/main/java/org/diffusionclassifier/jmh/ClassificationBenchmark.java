package org.diffusionclassifier.jmh;

import org.diffusionclassifier.Classification;
import org.diffusionclassifier.Classifier;
import org.diffusionclassifier.DiffusionModel;
import org.diffusionclassifier.image.ImageDecoder;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.model.BundledModel;
import org.diffusionclassifier.strategy.StrategySpec;
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

    /** As {@link StrategySpec#parse} reads it. */
    @Param({"exhaustive:50", "staged:10,50/3,1", "race:0.95"})
    public String strategy;

    /** Pairs a batch. */
    @Param("64")
    public int batch;

    private DiffusionModel model;
    private Classifier classifier;
    private RgbImage picture;

    @Setup
    public void open() {
        model = model(dtype).batchSize(batch).load();
        classifier = model.classifier().strategy(StrategySpec.parse(strategy, TRIALS)).load();
        try (var bundled = BundledModel.open()) {
            picture = ImageDecoder.read(bundled.images().resolve("sneaker-0.png"));
        }
    }

    @Benchmark
    public Classification classify(Amounts.Pairs amount) {
        Classification answer = classifier.classify(picture);
        amount.pairs += answer.pairs();
        return answer;
    }

    @TearDown
    public void close() {
        classifier.close();
        model.close();
    }
}
