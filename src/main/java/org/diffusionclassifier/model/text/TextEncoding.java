package org.diffusionclassifier.model.text;

import org.diffusionclassifier.model.Conditioner;

/** A conditioner that holds text encoders, which are released with it. */
public interface TextEncoding extends Conditioner, AutoCloseable {

    @Override
    void close();
}
