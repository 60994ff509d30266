package org.diffusionclassifier.testing;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.diffusionclassifier.pytorch.PytorchFixture;
import org.diffusionclassifier.tensor.FloatFormats;

/**
 * A DiT-S/2 of two blocks for 5 labels and 4×4 latents, whose values are F16's, in both namings: what is made from each
 * must be the same.
 */
public final class SmallDit {

    /** The golden autoencoder, as its folder. */
    public static final Path VAE = Golden.of("vae-tiny");
    public static final int WIDTH = 384;
    public static final List<String> LABELS = List.of("tench, Tinca tinca", "b", "c", "\"d\"", "é");

    private SmallDit() {
    }

    /** Names and shapes as the original implementation's state_dict has them. */
    public static Map<String, List<Integer>> shapes() {
        return shapes(2, 5, 4);
    }

    private static Map<String, List<Integer>> shapes(int blocks, int labels, int latent) {
        var shapes = new LinkedHashMap<String, List<Integer>>();
        shapes.put("pos_embed", List.of(1, latent * latent / 4, WIDTH));
        layer(shapes, "x_embedder.proj", WIDTH, 4, 2, 2);
        layer(shapes, "t_embedder.mlp.0", WIDTH, 256);
        layer(shapes, "t_embedder.mlp.2", WIDTH, WIDTH);
        shapes.put("y_embedder.embedding_table.weight", List.of(labels + 1, WIDTH));
        for (int i = 0; i < blocks; i++) {
            String block = "blocks." + i + ".";
            layer(shapes, block + "attn.qkv", 3 * WIDTH, WIDTH);
            layer(shapes, block + "attn.proj", WIDTH, WIDTH);
            layer(shapes, block + "mlp.fc1", 4 * WIDTH, WIDTH);
            layer(shapes, block + "mlp.fc2", WIDTH, 4 * WIDTH);
            layer(shapes, block + "adaLN_modulation.1", 6 * WIDTH, WIDTH);
        }
        layer(shapes, "final_layer.linear", 32, WIDTH);
        layer(shapes, "final_layer.adaLN_modulation.1", 2 * WIDTH, WIDTH);
        return shapes;
    }

    private static void layer(Map<String, List<Integer>> shapes, String name, Integer... weight) {
        shapes.put(name + ".weight", List.of(weight));
        shapes.put(name + ".bias", List.of(weight[0]));
    }

    /** @param prefix what every name begins with */
    public static MapWeights original(String prefix) {
        return filled(prefix, shapes());
    }

    /** One of a single block, of {@link GoldenDit}'s 10 labels and 8×8 latents, under the original's names. */
    public static MapWeights ofGoldenSize() {
        return filled("", shapes(1, 10, 8));
    }

    /** The same for ImageNet's 1000 labels. */
    public static MapWeights ofImageNet() {
        return filled("", shapes(1, 1000, 8));
    }

    private static MapWeights filled(String prefix, Map<String, List<Integer>> shapes) {
        var tensors = new MapWeights();
        shapes.forEach((name, shape) -> tensors.put(prefix + name, shape, () -> values(name, shape)));
        return tensors;
    }

    private static float[] values(String name, List<Integer> shape) {
        var random = new SplittableRandom(name.hashCode());
        var values = new float[shape.stream().reduce(1, Math::multiplyExact)];
        for (int i = 0; i < values.length; i++) {
            values[i] = FloatFormats.fromF16(FloatFormats.toF16((float) random.nextGaussian(0, 0.05)));
        }
        return values;
    }

    /**
     * The same under diffusers' names, in the order and by the rules of the script by which the published weights were
     * converted (diffusers, {@code scripts/convert_dit_to_diffusers.py}): whole tensors, but for queries, keys and
     * values, which are the thirds of one, and the embedders of timestep and label, of which each block has a copy.
     */
    public static MapWeights diffusers() {
        var tensors = new MapWeights();
        copy(tensors, "pos_embed.proj", "x_embedder.proj");
        for (int i = 0; i < 2; i++) {
            String to = "transformer_blocks." + i + ".";
            String from = "blocks." + i + ".";
            copy(tensors, to + "norm1.emb.timestep_embedder.linear_1", "t_embedder.mlp.0");
            copy(tensors, to + "norm1.emb.timestep_embedder.linear_2", "t_embedder.mlp.2");
            copy(tensors, to + "norm1.emb.class_embedder.embedding_table", "y_embedder.embedding_table");
            copy(tensors, to + "norm1.linear", from + "adaLN_modulation.1");
            List<String> thirds = List.of("to_q", "to_k", "to_v");
            for (int third = 0; third < 3; third++) {
                third(tensors, to + "attn1." + thirds.get(third) + ".weight", from + "attn.qkv.weight", third);
                third(tensors, to + "attn1." + thirds.get(third) + ".bias", from + "attn.qkv.bias", third);
            }
            copy(tensors, to + "attn1.to_out.0", from + "attn.proj");
            copy(tensors, to + "ff.net.0.proj", from + "mlp.fc1");
            copy(tensors, to + "ff.net.2", from + "mlp.fc2");
        }
        copy(tensors, "proj_out_2", "final_layer.linear");
        copy(tensors, "proj_out_1", "final_layer.adaLN_modulation.1");
        return tensors;
    }

    private static void copy(MapWeights tensors, String to, String from) {
        for (String part : List.of(".weight", ".bias")) {
            List<Integer> shape = shapes().get(from + part);
            if (shape != null) {
                tensors.put(to + part, shape, () -> values(from + part, shape));
            }
        }
    }

    private static void third(MapWeights tensors, String to, String from, int third) {
        List<Integer> whole = shapes().get(from);
        List<Integer> shape = whole.size() == 2 ? List.of(WIDTH, whole.get(1)) : List.of(WIDTH);
        int elements = shape.stream().reduce(1, Math::multiplyExact);
        tensors.put(to, shape,
                () -> Arrays.copyOfRange(values(from, whole), third * elements, (third + 1) * elements));
    }

    /** A diffusers directory with the golden autoencoder in it; weights in safetensors, as F32, or in PyTorch's form. */
    public static Path directory(Path root, boolean pickled) throws IOException {
        Files.createDirectories(root.resolve("transformer"));
        Files.createDirectories(root.resolve("scheduler"));
        Files.createDirectories(root.resolve("vae"));
        Files.writeString(root.resolve("model_index.json"), """
                {"_class_name": "DiTPipeline", "id2label": {"0": "tench, Tinca tinca", "1": "b", "2": "c",
                 "4": "é", "3": "\\"d\\""}}""");
        Files.writeString(root.resolve("scheduler/scheduler_config.json"), "{\"_class_name\": \"DDIMScheduler\"}");
        Files.writeString(root.resolve("transformer/config.json"), """
                {"_class_name": "DiTTransformer2DModel", "norm_type": "ada_norm_zero", "sample_size": 4,
                 "out_channels": 8, "num_layers": 2, "num_attention_heads": 6, "attention_head_dim": 64,
                 "num_embeds_ada_norm": 5}""");
        for (String file : List.of("config.json", "diffusion_pytorch_model.safetensors")) {
            Files.copy(VAE.resolve(file), root.resolve("vae").resolve(file));
        }
        if (pickled) {
            PytorchFixture.write(diffusers(), root.resolve("transformer/diffusion_pytorch_model.bin"));
        } else {
            diffusers().write(root.resolve("transformer/diffusion_pytorch_model.safetensors"));
        }
        return root;
    }
}
