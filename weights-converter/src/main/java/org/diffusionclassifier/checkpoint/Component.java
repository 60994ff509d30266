package org.diffusionclassifier.checkpoint;

import java.util.function.Supplier;
import org.diffusionclassifier.config.JsonConfig;
import org.diffusionclassifier.tensor.Weights;

/** A network of a checkpoint: its configuration, and its weights, which are opened when they are first asked for. */
public final class Component {

    private final JsonConfig config;
    private final Supplier<Weights> opener;
    private Weights weights;

    /** @param opener opens the weights, which the component's owner closes by {@link #close} */
    public Component(JsonConfig config, Supplier<Weights> opener) {
        this.config = config;
        this.opener = opener;
    }

    /** In diffusers' or transformers' words. */
    public JsonConfig config() {
        return config;
    }

    /**
     * Tensors under diffusers' and transformers' names and shapes. They are the checkpoint's: to be read, not closed.
     *
     * @throws org.diffusionclassifier.tensor.InputException if they are missing or damaged
     */
    public synchronized Weights weights() {
        if (weights == null) {
            weights = opener.get();
        }
        return weights;
    }

    /** Closes the weights if they were opened. */
    synchronized void close() {
        if (weights != null) {
            weights.close();
        }
    }
}
