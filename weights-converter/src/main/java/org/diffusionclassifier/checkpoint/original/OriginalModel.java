package org.diffusionclassifier.checkpoint.original;

import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.diffusionclassifier.tensor.Weights;

/**
 * What a file in an original naming holds, in diffusers' words.
 *
 * @param networks          by the names that their folders have in diffusers' form
 * @param scheduler         the noise it was trained with, as diffusers' schedulers keep it
 * @param index             what diffusers says of the model as a whole
 * @param guessesPrediction whether what the scheduler says of the network's prediction is a guess
 * @param notices           what its user should know
 */
public record OriginalModel(Map<String, Network> networks, Map<String, Object> scheduler, Map<String, Object> index,
                            boolean guessesPrediction,
                            List<String> notices) {

    /**
     * A network.
     *
     * @param config as diffusers or transformers write it
     * @param opener of its tensors under diffusers' and transformers' names: views of the file's
     */
    public record Network(Map<String, Object> config, Supplier<Weights> opener) {

        public Weights weights() {
            return opener.get();
        }
    }
}
