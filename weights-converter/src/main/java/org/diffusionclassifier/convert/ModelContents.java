package org.diffusionclassifier.convert;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.diffusionclassifier.checkpoint.DitSource;
import org.diffusionclassifier.checkpoint.ModelFile;
import org.diffusionclassifier.checkpoint.ModelSource;
import org.diffusionclassifier.checkpoint.NetworkTensors.Tensor;
import org.diffusionclassifier.checkpoint.NetworkTensors;
import org.diffusionclassifier.checkpoint.Origin;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.tensor.Weights;

/**
 * All that a {@link ModelFile} is made of, whichever kind of model it is.
 *
 * @param configurations as {@code __metadata__} has them beside the format's number
 * @param parts          in the order in which they are loaded
 * @param origins        of the model and, where it comes from elsewhere, of its autoencoder, by what
 *                       {@code __metadata__} calls them
 * @param tokenizer      its files by name, if there are any
 */
record ModelContents(Map<String, Object> configurations, List<Part> parts, Map<String, Origin> origins,
                     Map<String, byte[]> tokenizer) {

    /**
     * A network of the model.
     *
     * @param name    what its tensors' names begin with in the file
     * @param weights opens them; they have these tensors among others
     */
    record Part(String name, List<Tensor> tensors, Supplier<Weights> weights) {

        String full(Tensor tensor) {
            return name + "." + tensor.name();
        }
    }

    /** @throws InputException if files that belong to it are missing or cannot be read */
    static ModelContents of(ModelSource model) {
        return new ModelContents(model.config().toDiffusers(), List.of(
                new Part("text_encoder", NetworkTensors.textEncoder(model.textEncoder()), model::textEncoderWeights),
                new Part("vae", NetworkTensors.vae(model.vae()), model::vaeWeights),
                new Part("unet", NetworkTensors.unet(model.unet()), model::unetWeights)),
                Map.of(ModelFile.SOURCE, model.origin()), model.tokenizer().files());
    }

    /** @throws InputException as above */
    static ModelContents of(DitSource model) {
        var origins = new LinkedHashMap<>(Map.of(ModelFile.SOURCE, model.origin()));
        model.vaeOrigin().ifPresent(origin -> origins.put(ModelFile.VAE_SOURCE, origin));
        return new ModelContents(model.config().toDiffusers(), List.of(
                new Part("vae", NetworkTensors.vae(model.vae()), model::vaeWeights),
                new Part("transformer", NetworkTensors.transformer(model.transformer()), model::transformerWeights)),
                origins, Map.of());
    }

    /** What the model is called. */
    String name() {
        return origins.get(ModelFile.SOURCE).name();
    }
}
