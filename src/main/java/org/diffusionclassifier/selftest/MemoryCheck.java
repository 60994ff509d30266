package org.diffusionclassifier.selftest;

import java.util.List;
import org.diffusionclassifier.checkpoint.Checkpoint;
import org.diffusionclassifier.checkpoint.ModelSpec;
import org.diffusionclassifier.config.UNetConfig;
import org.diffusionclassifier.device.DeviceException;
import org.diffusionclassifier.device.cuda.CudaDevice;
import org.diffusionclassifier.device.cuda.driver.Gpu;
import org.diffusionclassifier.image.ImageDecoder;
import org.diffusionclassifier.model.BundledModel;
import org.diffusionclassifier.model.ModelFamily;
import org.diffusionclassifier.model.stablediffusion.SyntheticUNet;
import org.diffusionclassifier.score.LatentScorer;
import org.diffusionclassifier.score.Noise;
import org.diffusionclassifier.score.Objective;
import org.diffusionclassifier.score.Round;
import org.diffusionclassifier.score.Trial;

/** A batch that does not fit into what is free on a card: it is halved, and its errors stay what they are. */
final class MemoryCheck {

    private static final List<String> PROMPTS = List.of("a photo of a bag.", "a photo of a dress.");
    private static final Round ROUND = new Round(List.of(new Trial(300, 0), new Trial(700, 1)), List.of(0, 1));
    private static final int PAIRS = 256;
    /** Memory is given in such units at the least; other programs may take some meanwhile. */
    private static final long STEP = 16L << 20;

    private MemoryCheck() {
    }

    static Check of(CudaDevice device) {
        return new Check("bundled model", "a batch that must be halved: the errors' miss", 1e-6, () -> miss(device));
    }

    private static double miss(CudaDevice device) {
        try (var bundled = BundledModel.open(); var checkpoint = Checkpoint.open(ModelSpec.of(bundled.root()));
                var model = ModelFamily.of(checkpoint).load(checkpoint, device);
                var conditioning = model.conditioner().encode(PROMPTS);
                var roomy = new LatentScorer(model, conditioning, new Noise.Seeded(0), Objective.L2, PAIRS);
                var narrow = new LatentScorer(model, conditioning, new Noise.Seeded(0), Objective.L2, PAIRS)) {
            var picture = ImageDecoder.read(bundled.images().resolve("bag-1.png"));
            roomy.show(picture);
            float[][] expected = roomy.errors(ROUND);
            narrow.show(picture);
            long whole = arenaBytes(device, UNetConfig.read(bundled.root().resolve("unet/config.json")));
            long taken = take(device, whole / 4 * 3);
            try {
                narrow.fitBatchToMemory();
                if (narrow.batchSize() >= PAIRS || narrow.batchSize() < PAIRS / 8) {
                    throw new IllegalStateException("a batch of " + PAIRS + " pairs became one of " + narrow.batchSize());
                }
                return TwoDevices.miss(narrow.errors(ROUND)[1], expected[1]);
            } finally {
                device.gpu().free(taken);
            }
        }
    }

    private static long arenaBytes(CudaDevice device, UNetConfig config) {
        try (var evaluation = SyntheticUNet.evaluation(config, device, PAIRS)) {
            return evaluation.graph().arenaBytes();
        }
    }

    /** Takes memory until there is room for so many bytes of activations. Returns the address of what it took. */
    private static long take(CudaDevice device, long room) {
        for (long bytes = device.activationCapacity() - room; bytes > 0; bytes -= STEP) {
            try {
                return device.gpu().allocate(bytes, Gpu.Use.ACTIVATIONS);
            } catch (DeviceException e) {
                // free memory lies in pieces: a little less
            }
        }
        throw new IllegalStateException("too little memory is free for the check");
    }
}
