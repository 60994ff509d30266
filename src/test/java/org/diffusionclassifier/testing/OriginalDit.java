package org.diffusionclassifier.testing;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import org.diffusionclassifier.safetensors.SafetensorsFile;
import org.diffusionclassifier.safetensors.SafetensorsWriter;
import org.diffusionclassifier.tensor.DType;

/**
 * A DiT-S/2 of one block for 10 labels and 8×8 latents, which suits the golden autoencoder, under the original
 * implementation's names, with weights of chance.
 */
public final class OriginalDit {

    private static final int WIDTH = 384;

    private OriginalDit() {
    }

    public static Path safetensors(Path file) {
        var writer = new SafetensorsWriter();
        put(writer, "pos_embed", 1, 16, WIDTH);
        layer(writer, "x_embedder.proj", WIDTH, 4, 2, 2);
        layer(writer, "t_embedder.mlp.0", WIDTH, 256);
        layer(writer, "t_embedder.mlp.2", WIDTH, WIDTH);
        put(writer, "y_embedder.embedding_table.weight", 11, WIDTH);
        layer(writer, "blocks.0.attn.qkv", 3 * WIDTH, WIDTH);
        layer(writer, "blocks.0.attn.proj", WIDTH, WIDTH);
        layer(writer, "blocks.0.mlp.fc1", 4 * WIDTH, WIDTH);
        layer(writer, "blocks.0.mlp.fc2", WIDTH, 4 * WIDTH);
        layer(writer, "blocks.0.adaLN_modulation.1", 6 * WIDTH, WIDTH);
        layer(writer, "final_layer.linear", 32, WIDTH);
        layer(writer, "final_layer.adaLN_modulation.1", 2 * WIDTH, WIDTH);
        writer.write(file);
        return file;
    }

    /** As PyTorch saves it. */
    public static Path pt(Path file) throws IOException {
        try (var tensors = SafetensorsFile.open(safetensors(Path.of(file + ".safetensors")))) {
            return TorchFile.write(tensors, file);
        }
    }

    private static void layer(SafetensorsWriter writer, String name, Integer... weight) {
        put(writer, name + ".weight", weight);
        put(writer, name + ".bias", weight[0]);
    }

    private static void put(SafetensorsWriter writer, String name, Integer... shape) {
        float[] values = new float[List.of(shape).stream().reduce(1, Math::multiplyExact)];
        var random = new SplittableRandom(name.hashCode());
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (0.05 * random.nextGaussian());
        }
        writer.floats(name, DType.F32, List.of(shape), values);
    }
}
