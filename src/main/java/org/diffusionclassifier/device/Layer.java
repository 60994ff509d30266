package org.diffusionclassifier.device;

/** Weights in the form a device wants them, and the operation they take part in. Closing it releases them. */
public interface Layer extends AutoCloseable {

    @Override
    default void close() {
    }
}
