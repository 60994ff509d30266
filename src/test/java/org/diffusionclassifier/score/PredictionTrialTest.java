package org.diffusionclassifier.score;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.diffusionclassifier.checkpoint.Checkpoint;
import org.diffusionclassifier.checkpoint.ModelSpec;
import org.diffusionclassifier.config.ScheduleConfig.PredictionType;
import org.diffusionclassifier.config.ScheduleConfig;
import org.diffusionclassifier.device.cpu.CpuDevice;
import org.diffusionclassifier.image.ImageDecoder;
import org.diffusionclassifier.image.Preprocess;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.model.BundledModel;
import org.diffusionclassifier.model.ModelFamily;
import org.diffusionclassifier.model.NoiseProcess;
import org.diffusionclassifier.safetensors.SafetensorsWriter;
import org.diffusionclassifier.tensor.DType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PredictionTrialTest {

    /** Timestep, signal and level of Stable Diffusion's schedule where it is nearest to ᾱ = ½: numpy's, in double. */
    private static final int MIDDLE = 354;
    private static final double SIGNAL = 0.7069776540948336;
    private static final double LEVEL = 0.7072358847022441;

    @TempDir
    private Path folder;

    /**
     * Of a grey picture, x₀ = c everywhere, x_t = s c + l ε shows ε exactly: ε = x_t / l − (s/l) c, and v = s ε − l c =
     * (s/l) x_t − (s²/l + l) c. Both are a 1×1 convolution. v read as ε errs by (1 − s) ε + l c, ε read as v by ε − (s
     * ε + l x_t) = (1 − s − l²) ε − l s c.
     */
    @Test
    void aNetworkOfVReadAsEpsilonIsFoundOutAndOneOfEpsilonIsBelieved() throws IOException {
        double s = noise(PredictionType.EPSILON).signal(MIDDLE);
        double l = noise(PredictionType.EPSILON).level(MIDDLE);
        assertEquals(SIGNAL, s, 1e-7);
        assertEquals(LEVEL, l, 1e-7);
        byte[] grey = new byte[8 * 8 * 3];
        Arrays.fill(grey, (byte) 32);
        var image = new RgbImage(8, 8, grey);
        double c = Preprocess.normalise(image)[0];
        var ofV = trial(s / l, -(s * s / l + l) * c, image);
        assertEquals(0, ofV.other(), 1e-9);
        assertEquals((1 - s) * (1 - s) + l * l * c * c, ofV.assumed(), 0.1);
        assertTrue(ofV.contradicts());

        var ofEpsilon = trial(1 / l, -s / l * c, image);
        assertEquals(0, ofEpsilon.assumed(), 1e-9);
        assertEquals((1 - s - l * l) * (1 - s - l * l) + l * l * s * s * c * c, ofEpsilon.other(), 0.1);
        assertFalse(ofEpsilon.contradicts());
    }

    /** A trained one, which does not err by nothing. */
    @Test
    void theBundledModelIsBelieved() {
        try (var bundled = BundledModel.open();
                var checkpoint = Checkpoint.open(ModelSpec.of(bundled.root()));
                var device = new CpuDevice(DType.F32);
                var model = ModelFamily.of(checkpoint).load(checkpoint, device);
                var conditioning = model.conditioner().encode(List.of("a photo of a bag."))) {
            for (String name : List.of("bag-0.png", "coat-1.png", "dress-2.png")) {
                var trial = PredictionTrial.of(model, noise(PredictionType.V_PREDICTION), conditioning,
                        ImageDecoder.read(bundled.images().resolve(name)));
                assertFalse(trial.contradicts());
                assertTrue(trial.other() > 3 * trial.assumed(), trial.toString());
            }
        }
    }

    private static NoiseProcess noise(PredictionType prediction) {
        return NoiseProcess.of(ScheduleConfig.stableDiffusion(prediction));
    }

    /** Of the tests' own family: two convolutions, which put out scale · x_t + bias, said to predict ε. */
    private PredictionTrial trial(double scale, double bias, RgbImage image) throws IOException {
        Path root = Files.createTempDirectory(folder, "model");
        Files.createDirectories(root.resolve("scheduler"));
        Files.createDirectories(root.resolve("tiny"));
        Files.writeString(root.resolve("scheduler/scheduler_config.json"), "{\"_class_name\": \"LCMScheduler\"}");
        Files.writeString(root.resolve("model_index.json"), "{\"id2label\": {\"0\": \"grey\"}}");
        Files.writeString(root.resolve("tiny/config.json"), "{\"size\": 8, \"width\": 3, \"labels\": 1}");
        var biases = new float[3];
        Arrays.fill(biases, (float) bias);
        new SafetensorsWriter().floats("labels.weight", DType.F32, List.of(1, 3), new float[3])
                .floats("first.weight", DType.F32, List.of(3, 3, 3, 3), centre(1))
                .floats("first.bias", DType.F32, List.of(3), new float[3])
                .floats("last.weight", DType.F32, List.of(3, 3, 3, 3), centre(scale))
                .floats("last.bias", DType.F32, List.of(3), biases)
                .write(root.resolve("tiny/diffusion_pytorch_model.safetensors"));
        try (var checkpoint = Checkpoint.open(ModelSpec.of(root));
                var device = new CpuDevice(DType.F32);
                var model = ModelFamily.of(checkpoint).load(checkpoint, device);
                var conditioning = model.conditioner().encode(List.of("0"))) {
            return PredictionTrial.of(model, noise(PredictionType.V_PREDICTION), conditioning, image);
        }
    }

    /** A 3×3 filter of three channels, each times {@code scale}. */
    private static float[] centre(double scale) {
        var filter = new float[3 * 3 * 9];
        IntStream.range(0, 3).forEach(channel -> filter[(3 * channel + channel) * 9 + 4] = (float) scale);
        return filter;
    }
}
