import java.nio.file.Path;
import java.util.List;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Diffusion.Loss;
import org.diffusionclassifier.device.cpu.CpuDevice;
import org.diffusionclassifier.image.ImageDecoder;
import org.diffusionclassifier.model.StableDiffusion;
import org.diffusionclassifier.score.Noise;
import org.diffusionclassifier.score.StableDiffusionScorer;
import org.diffusionclassifier.strategy.Classifier;
import org.diffusionclassifier.strategy.StagedElimination;
import org.diffusionclassifier.strategy.TrialPlan;

/** Classifies a picture of a bag with a model of garments, and fails if it sees another. */
final class Embedding {

    private Embedding() {
    }

    public static void main(String[] args) {
        var classes = List.of("a photo of a bag.", "a photo of a dress.", "a photo of a sneaker.");
        try (Device device = new CpuDevice(CpuDevice.fastestType());
                var model = new StableDiffusion(Path.of(args[0]), device);
                var scorer = new StableDiffusionScorer(model, device, classes, new Noise.Seeded(0), Loss.L2, 16)) {
            var strategy = new StagedElimination(TrialPlan.of(1000, List.of(20), 1), List.of(1), classes.size());
            int best = new Classifier(scorer, strategy).classify(ImageDecoder.read(Path.of(args[1]))).winner().prompt();
            System.out.println(classes.get(best));
            if (best != 0) {
                throw new AssertionError("expected " + classes.get(0));
            }
        }
    }
}
