package org.diffusionclassifier.selftest;

import java.util.function.Function;
import org.diffusionclassifier.device.Tensor;

/**
 * A forward pass that two devices are to agree on.
 *
 * @param name   what is computed, for people
 * @param single whether the result is float32, and nothing is rounded to another type on the way to it
 * @param pass   records it, on either
 */
record Case(String name, boolean single, Function<Side, Tensor> pass) {

    /** With a result of the device's type. */
    Case(String name, Function<Side, Tensor> pass) {
        this(name, false, pass);
    }
}
