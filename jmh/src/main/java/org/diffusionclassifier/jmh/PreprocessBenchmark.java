package org.diffusionclassifier.jmh;

import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.diffusionclassifier.image.Preprocess;
import org.diffusionclassifier.image.RgbImage;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** Decoded images a second to the 512 × 512 samples that Stable Diffusion takes: resize, crop, normalise. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class PreprocessBenchmark {

    /** Width x height. */
    @Param({"224x224", "512x512", "4032x3024"})
    public String image;

    private final Preprocess preprocess = new Preprocess(512);
    private RgbImage decoded;

    @Setup
    public void draw() {
        String[] sides = image.split("x");
        int width = Integer.parseInt(sides[0]);
        int height = Integer.parseInt(sides[1]);
        byte[] pixels = new byte[width * height * 3];
        new SplittableRandom(1).nextBytes(pixels);
        decoded = new RgbImage(width, height, pixels);
    }

    @Benchmark
    public float[] run() {
        return Preprocess.normalise(preprocess.apply(decoded));
    }
}
