package org.diffusionclassifier.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.diffusionclassifier.safetensors.SafetensorsFile;

/** Reference vectors: what reads integers and shapes, and measures how far a result is from them. */
public final class Vectors {

    private Vectors() {
    }

    public static int[] ints(SafetensorsFile file, String name) {
        return Arrays.stream(file.readLongs(name)).mapToInt(Math::toIntExact).toArray();
    }

    public static int[] shape(SafetensorsFile file, String name) {
        return file.tensors().get(name).shape().stream().mapToInt(Integer::intValue).toArray();
    }

    /** Asserts ‖actual − expected‖ / ‖expected‖ ≤ tolerance. */
    public static void assertClose(String what, float[] expected, float[] actual, double tolerance) {
        assertEquals(expected.length, actual.length, what + ": number of elements");
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < expected.length; i++) {
            difference += Math.pow(actual[i] - expected[i], 2);
            norm += Math.pow(expected[i], 2);
        }
        double error = Math.sqrt(difference / norm);
        assertTrue(error <= tolerance, what + ": relative error " + error + ", expected at most " + tolerance);
    }
}
