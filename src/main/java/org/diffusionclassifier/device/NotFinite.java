package org.diffusionclassifier.device;

import java.util.List;

/**
 * What the first operation of a graph whose output is not finite wrote.
 *
 * @param layer     by the name of its weights, as {@code down_blocks.0.resnets.1.conv1}; after "behind" the last layer
 *                  before it that has a name; empty if there is none
 * @param operation {@link Op#name}
 * @param tensor    the output, by type and shape
 * @param count     its numbers that are infinite or NaN
 * @param elements  all its numbers
 * @param largest   the largest magnitude of the others; 0 if there are no others
 * @param given     the largest magnitude of what the operation read, weights among it; infinite if that is not finite
 */
public record NotFinite(String layer, String operation, String tensor, long count, long elements, float largest,
                        float given) {

    /** Magnitudes of a tensor. */
    private record Range(long notFinite, float largest) {

        static Range of(float[] values) {
            long notFinite = 0;
            float largest = 0;
            for (float value : values) {
                if (Float.isFinite(value)) {
                    largest = Math.max(largest, Math.abs(value));
                } else {
                    notFinite++;
                }
            }
            return new Range(notFinite, largest);
        }
    }

    /**
     * Looks at what an operation has just written.
     *
     * @param read    floats that it read
     * @param written floats that it wrote for others
     * @return null if all is finite
     */
    static NotFinite in(Device device, Op op, String layer, List<Tensor> read, List<Tensor> written) {
        for (Tensor tensor : written) {
            float[] values = device.read(tensor);
            Range range = Range.of(values);
            if (range.notFinite > 0) {
                float given = 0;
                for (Tensor input : read) {
                    Range ofInput = Range.of(device.read(input));
                    given = Math.max(given, ofInput.notFinite > 0 ? Float.POSITIVE_INFINITY : ofInput.largest);
                }
                return new NotFinite(layer, op.name(), tensor.toString(), range.notFinite, values.length, range.largest,
                        given);
            }
        }
        return null;
    }

    @Override
    public String toString() {
        return (layer.isEmpty() ? operation : layer + " (" + operation + ")") + " wrote " + tensor + ", of which " + count
                + " of " + elements + " numbers are not finite and the others reach " + largest + ", from inputs "
                + "and weights that " + (Float.isFinite(given) ? "reach " + given : "are not finite either");
    }
}
