package org.diffusionclassifier.checkpoint.original;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.diffusionclassifier.checkpoint.original.RenamedWeights.Stored;
import org.diffusionclassifier.config.MmditConfig;
import org.diffusionclassifier.tensor.Weights;

/**
 * Stable Diffusion 3's transformer in the naming of its original implementation (Stability-AI/sd3.5, {@code mmditx.py}):
 *
 * <pre>
 *     x_embedder.proj, pos_embed             pos_embed.proj, pos_embed.pos_embed
 *     t_embedder.mlp.0, 2                    time_text_embed.timestep_embedder.linear_1, linear_2
 *     y_embedder.mlp.0, 2                    time_text_embed.text_embedder.linear_1, linear_2
 *     context_embedder                       context_embedder
 *     joint_blocks.N.x_block                 transformer_blocks.N:
 *       adaLN_modulation.1                     norm1.linear
 *       attn.qkv, proj, ln_q, ln_k             attn.to_q, to_k, to_v, packed; to_out.0, norm_q, norm_k
 *       attn2                                  attn2, likewise
 *       mlp.fc1, fc2                           ff.net.0.proj, ff.net.2
 *     joint_blocks.N.context_block           norm1_context, attn.add_q_proj and so on, ff_context
 *     final_layer.adaLN_modulation.1         norm_out.linear, scale before shift
 *     final_layer.linear                     proj_out
 * </pre>
 *
 * The last block's modulation of the caption has scale before shift in diffusers' form, too.
 */
final class OriginalMmdit extends LdmNetwork {

    /** Channels a head where no norm shows them: of all published ones. */
    private static final int HEAD_WIDTH = 64;

    private final int layers = count("joint_blocks");
    private final boolean normalised = has("joint_blocks.0.x_block.attn.ln_q.weight");
    private final Set<String> swapped = new LinkedHashSet<>(Set.of("norm_out.linear"));

    /** @throws org.diffusionclassifier.tensor.InputException if it has no blocks */
    OriginalMmdit(Weights file, String prefix) {
        super(file, prefix);
        if (layers < 1) {
            throw unsupported("joint_blocks", "none");
        }
        put("pos_embed.proj", "x_embedder.proj");
        put("pos_embed.pos_embed", "pos_embed");
        put("time_text_embed.timestep_embedder", "t_embedder.mlp", Map.of("linear_1", "0", "linear_2", "2"));
        put("time_text_embed.text_embedder", "y_embedder.mlp", Map.of("linear_1", "0", "linear_2", "2"));
        put("context_embedder", "context_embedder");
        for (int i = 0; i < layers; i++) {
            putBlock("transformer_blocks." + i, "joint_blocks." + i);
        }
        swapped.add("transformer_blocks." + (layers - 1) + ".norm1_context.linear");
        put("norm_out.linear", "final_layer.adaLN_modulation.1");
        put("proj_out", "final_layer.linear");
    }

    private void putBlock(String block, String stored) {
        String image = stored + ".x_block";
        String caption = stored + ".context_block";
        put(block + ".norm1.linear", image + ".adaLN_modulation.1");
        put(block + ".norm1_context.linear", caption + ".adaLN_modulation.1");
        putAttention(block + ".attn", List.of("to_q", "to_k", "to_v"), image + ".attn");
        putAttention(block + ".attn", List.of("add_q_proj", "add_k_proj", "add_v_proj"), caption + ".attn");
        putAttention(block + ".attn2", List.of("to_q", "to_k", "to_v"), image + ".attn2");
        put(block + ".attn", image + ".attn", Map.of("to_out.0", "proj", "norm_q", "ln_q", "norm_k", "ln_k"));
        put(block + ".attn", caption + ".attn",
                Map.of("to_add_out", "proj", "norm_added_q", "ln_q", "norm_added_k", "ln_k"));
        put(block + ".attn2", image + ".attn2", Map.of("to_out.0", "proj", "norm_q", "ln_q", "norm_k", "ln_k"));
        put(block + ".ff", image + ".mlp", Map.of("net.0.proj", "fc1", "net.2", "fc2"));
        put(block + ".ff_context", caption + ".mlp", Map.of("net.0.proj", "fc1", "net.2", "fc2"));
    }

    private void putAttention(String attention, List<String> parts, String stored) {
        for (int part = 0; part < parts.size(); part++) {
            put(attention + "." + parts.get(part), new Stored(stored + ".qkv", part, parts.size()));
        }
    }

    /** The tensors under diffusers' names. */
    @Override
    Weights weights() {
        return new SwappedHalves(super.weights(), swapped);
    }

    /**
     * The configuration.
     *
     * @param sampleSize of the latents that the model was trained on, which no tensor shows
     * @throws org.diffusionclassifier.tensor.InputException if a tensor that shows a size is missing, or sizes do not fit
     */
    MmditConfig config(int sampleSize) {
        int width = dim("x_embedder.proj.weight", 0, 4);
        int patch = dim("x_embedder.proj.weight", 2, 4);
        int positions = (int) Math.round(Math.sqrt(dim("pos_embed", 1, 3)));
        int headWidth = normalised ? dim("joint_blocks.0.x_block.attn.ln_q.weight", 0, 1) : HEAD_WIDTH;
        requireMultiples(List.of(width), headWidth);
        if (sampleSize % patch != 0 || sampleSize / patch > positions) {
            throw unsupported("latents in multiples of " + patch + ", of " + patch * positions + " at most", sampleSize);
        }
        return new MmditConfig(sampleSize, dim("x_embedder.proj.weight", 1, 4),
                dim("final_layer.linear.weight", 0, 2) / (patch * patch), patch, layers, width / headWidth, headWidth,
                dim("context_embedder.weight", 1, 2), dim("y_embedder.mlp.0.weight", 1, 2), positions, normalised,
                IntStream.range(0, layers).filter(i -> has("joint_blocks." + i + ".x_block.attn2.qkv.weight")).boxed()
                        .toList());
    }
}
