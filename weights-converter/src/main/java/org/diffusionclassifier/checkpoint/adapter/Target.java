package org.diffusionclassifier.checkpoint.adapter;

import java.util.List;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.tensor.Weights;

/**
 * A tensor of a network that an adapter changes.
 *
 * @param shape  as the network's file has it, for messages
 * @param out    rows
 * @param in     inputs of a row
 * @param pixels elements of a row for each input: 1 but for filters
 */
record Target(String name, List<Integer> shape, int out, int in, int pixels) {

    /** @throws InputException for an empty tensor, or one of 2^31 elements and more */
    static Target of(Weights network, String name) {
        List<Integer> shape = network.shape(name);
        long elements = network.elements(name);
        if (shape.isEmpty() || elements < 1 || elements > Integer.MAX_VALUE - 8) {
            throw new InputException(network.source() + ": tensor " + name + ": expected rows to adapt, found shape "
                    + shape);
        }
        boolean filter = shape.size() == 4;
        int pixels = !filter ? 1 : network.channelsLast() ? shape.get(1) * shape.get(2) : shape.get(2) * shape.get(3);
        int out = shape.get(0);
        return new Target(name, shape, out, (int) (elements / out / pixels), pixels);
    }

    /** Elements of a row. */
    int row() {
        return in * pixels;
    }

    int elements() {
        return out * row();
    }
}
