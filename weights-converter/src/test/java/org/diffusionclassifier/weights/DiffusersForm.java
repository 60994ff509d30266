package org.diffusionclassifier.weights;

import java.util.List;

/**
 * The tensors that diffusers and transformers have for a configuration, by shape alone, so that tests have the published
 * models without their weights. LdmWeightsTest holds it to the golden models.
 */
final class DiffusersForm {

    private DiffusersForm() {
    }

    static TensorMap unet(UNetConfig config) {
        return shapes(NetworkTensors.unet(config));
    }

    /** The encoder alone. */
    static TensorMap vae(VaeConfig config) {
        return shapes(NetworkTensors.vae(config));
    }

    static TensorMap text(ClipTextConfig config) {
        return shapes(NetworkTensors.textEncoder(config));
    }

    private static TensorMap shapes(List<NetworkTensors.Tensor> tensors) {
        var map = new TensorMap();
        tensors.forEach(tensor -> map.put(tensor.name(), tensor.shape().toArray(new Integer[0])));
        return map;
    }
}
