package org.diffusionclassifier.score;

import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.List;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Philox;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.safetensors.SafetensorsFile;
import org.diffusionclassifier.safetensors.TensorInfo;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.InputException;

/** Where the noise ε of a run's trials comes from: computed from a seed, or given. */
public sealed interface Noise {

    /** ε of noise index i is a function of (seed, i, element) alone: see {@link Philox}. */
    record Seeded(long seed) implements Noise {
    }

    /**
     * Noise of another implementation.
     *
     * @param table [N, h, w, c] of float32, one ε a row
     */
    record Given(Tensor table) implements Noise {

        /**
         * Reads a safetensors file of one tensor, [N, channels, size, size].
         *
         * @param size     height and width of the latent
         * @param channels of the latent
         * @param noises   the least N
         * @return with a table that is the caller's to release
         * @throws InputException for a file of other tensors, or of too little noise
         */
        public static Given read(Path noise, Device device, int size, int channels, int noises) {
            try (var file = SafetensorsFile.open(noise)) {
                if (file.tensors().size() != 1) {
                    throw new InputException(noise + ": expected one tensor, found " + file.tensors().size());
                }
                TensorInfo info = file.tensors().values().iterator().next();
                List<Integer> shape = info.shape();
                if (shape.size() != 4 || !shape.subList(1, 4).equals(List.of(channels, size, size))
                        || shape.get(0) < noises) {
                    throw new InputException(noise + ": tensor " + info.name() + ": expected shape [" + noises
                            + " or more, " + channels + ", " + size + ", " + size + "], found " + shape);
                }
                float[] values = new float[Math.toIntExact(info.elements())];
                file.read(info.name(), FloatBuffer.wrap(values));
                Tensor table = device.tensor(DType.F32, shape.get(0), size, size, channels);
                device.write(table, channelsLast(values, channels, size * size));
                return new Given(table);
            }
        }

        private static float[] channelsLast(float[] values, int channels, int pixels) {
            var moved = new float[values.length];
            for (int i = 0; i < values.length; i++) {
                int entry = i / (channels * pixels);
                int channel = i / pixels % channels;
                moved[(entry * pixels + i % pixels) * channels + channel] = values[i];
            }
            return moved;
        }
    }
}
