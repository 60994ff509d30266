package org.diffusionclassifier.model;

import java.util.List;
import java.util.Optional;

/** Turns prompts, captions or labels, into what a network is conditioned on. */
public interface Conditioner {

    /**
     * Encodes prompts. May be called again and again as long as the model is open.
     *
     * @param prompts captions or, where there are {@link #labels}, numbers of labels; one at least
     * @return what the caller closes once nobody scores by it any more
     * @throws org.diffusionclassifier.tensor.InputException if a prompt is none for this model
     */
    Conditioning encode(List<String> prompts);

    /** The names of the labels that the model is conditioned on, in their order; empty for one that takes captions. */
    default Optional<List<String>> labels() {
        return Optional.empty();
    }
}
