package org.diffusionclassifier.checkpoint;

import java.util.List;
import org.diffusionclassifier.config.ClipTextConfig;
import org.diffusionclassifier.config.MmditConfig;
import org.diffusionclassifier.config.T5Config;
import org.diffusionclassifier.config.UNetConfig;
import org.diffusionclassifier.config.VaeConfig;
import org.diffusionclassifier.testing.MapWeights;

/**
 * The tensors that diffusers and transformers have for a configuration, by shape alone, so that tests have the published
 * models without their weights. LdmWeightsTest holds it to the golden models.
 */
public final class DiffusersForm {

    private DiffusersForm() {
    }

    public static MapWeights unet(UNetConfig config) {
        return shapes(NetworkTensors.unet(config));
    }

    /** The encoder alone. */
    public static MapWeights vae(VaeConfig config) {
        return shapes(NetworkTensors.vae(config));
    }

    public static MapWeights text(ClipTextConfig config) {
        return shapes(NetworkTensors.textEncoder(config));
    }

    public static MapWeights transformer(MmditConfig config) {
        return shapes(NetworkTensors.transformer(config));
    }

    public static MapWeights text(T5Config config) {
        return shapes(NetworkTensors.textEncoder(config));
    }

    private static MapWeights shapes(List<TensorSpec> tensors) {
        var map = new MapWeights();
        tensors.forEach(tensor -> map.put(tensor.name(), tensor.shape().toArray(new Integer[0])));
        return map;
    }
}
