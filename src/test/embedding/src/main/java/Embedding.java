import java.nio.file.Path;
import org.diffusionclassifier.Classification;
import org.diffusionclassifier.DiffusionModel;

/** Classifies a picture of a bag with a model of garments, and fails if it sees another. */
final class Embedding {

    private Embedding() {
    }

    public static void main(String[] args) {
        try (var model = DiffusionModel.load(Path.of(args[0]));
                var classifier = model.classifier("bag", "dress", "sneaker")) {
            Classification answer = classifier.classify(Path.of(args[1]));
            System.out.println(answer.best());
            if (!answer.best().name().equals("bag")) {
                throw new AssertionError("expected bag");
            }
        }
    }
}
