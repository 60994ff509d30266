package org.diffusionclassifier.model;

import java.util.List;

/** Turns prompts, captions or labels, into what a network is conditioned on. */
public interface Conditioner {

    /**
     * Encodes prompts. May be called again and again as long as the model is open.
     *
     * @param prompts captions or, for a model that is conditioned on labels, their numbers; one at least
     * @return the prompts' encodings, which the caller closes
     * @throws org.diffusionclassifier.tensor.InputException if a prompt is none for this model
     */
    Conditioning encode(List<String> prompts);
}
