package org.diffusionclassifier.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.FloatBuffer;
import java.util.Arrays;
import org.diffusionclassifier.safetensors.SafetensorsFile;
import org.diffusionclassifier.safetensors.TensorInfo;

/** Reference vectors: reading them, bringing them into our layout, and measuring how far a result is from them. */
public final class Vectors {

    private Vectors() {
    }

    public static float[] floats(SafetensorsFile file, String name) {
        float[] values = new float[Math.toIntExact(file.tensors().get(name).elements())];
        file.read(name, FloatBuffer.wrap(values));
        return values;
    }

    public static int[] ints(SafetensorsFile file, String name) {
        return Arrays.stream(file.readLongs(name)).mapToInt(Math::toIntExact).toArray();
    }

    public static int[] shape(SafetensorsFile file, String name) {
        return file.tensors().get(name).shape().stream().mapToInt(Integer::intValue).toArray();
    }

    /** A tensor [B, C, H, W] of the file as [B, H, W, C]; one of another rank as it is. */
    public static float[] channelsLast(SafetensorsFile file, String name) {
        TensorInfo info = file.tensors().get(name);
        float[] values = floats(file, name);
        if (info.shape().size() != 4) {
            return values;
        }
        int channels = info.shape().get(1);
        int pixels = info.shape().get(2) * info.shape().get(3);
        float[] moved = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            int image = i / (channels * pixels);
            int c = i / pixels % channels;
            moved[(image * pixels + i % pixels) * channels + c] = values[i];
        }
        return moved;
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
