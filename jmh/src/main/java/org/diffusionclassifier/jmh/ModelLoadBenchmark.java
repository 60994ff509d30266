package org.diffusionclassifier.jmh;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.diffusionclassifier.convert.Converter;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.model.ModelFamily;
import org.diffusionclassifier.tensor.DType;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * A model file of f16, from the system's cache onto a device: opened, read, converted, a caption encoded, all layers
 * made. The layouts that oneDNN wants for weights are settled later, when batches are recorded. A second device stays
 * open meanwhile, so that libraries and a GPU's context are there already.
 */
@Warmup(iterations = 1, time = 1)
public class ModelLoadBenchmark extends DeviceBenchmark {

    @Param("auto")
    public String dtype;

    @Param({"demo", "sd-2-base"})
    public String model;

    private Device opened;
    private Path file;
    private long bytes;

    @Setup
    public void write() throws IOException {
        opened = openDevice(dtype);
        file = Files.createTempFile("model-load-", ".safetensors");
        file.toFile().deleteOnExit();
        bytes = BenchmarkModel.with(model, source -> new Converter(source, ModelFamily.of(source).layout(source),
                new Converter.Options(DType.F16, false, false)).write(file, done -> { }).bytes());
    }

    @Benchmark
    public void load(Amounts.Megabytes amount) {
        try (var loaded = model(dtype).batchSize(1).checkpoint(file).load(); var classifier = loaded.classifier("cat")) {
            classifier.load();
        }
        amount.MB += bytes * 1e-6;
    }

    @TearDown
    public void delete() throws IOException {
        opened.close();
        Files.deleteIfExists(file);
    }
}
