package org.diffusionclassifier.jmh;

import java.util.concurrent.TimeUnit;
import org.diffusionclassifier.config.ClipTextConfig;
import org.diffusionclassifier.text.ClipTokenizer;
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

/** Captions a second through the bundled model's tokenizer, whose table is small: most words fall into letters. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class TokenizerBenchmark {

    @Param({"a photo of a sneaker.", "a photo of a soft-coated wheaten terrier, a type of pet.",
            "ein Foto einer Straßenbahn in Zürich, 1987 🚋"})
    public String caption;

    private ClipTokenizer tokenizer;

    @Setup
    public void read() {
        tokenizer = BenchmarkModel.with("demo",
                model -> ClipTokenizer.read(model.tokenizer("tokenizer"),
                        ClipTextConfig.read(model.component("text_encoder").config()).maxPositions()));
    }

    @Benchmark
    public int[] encode() {
        return tokenizer.encode(caption);
    }
}
