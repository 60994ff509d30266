package org.diffusionclassifier.checkpoint.original;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What Stable Diffusion 3's transformer calls its layers in the original implementation (Stability-AI/sd3.5,
 * {@code mmditx.py}), by diffusers' names.
 */
public final class MmditNames {

    /** How the names of blocks begin, before their numbers: diffusers' and the original ones. */
    public static final String BLOCKS = "transformer_blocks.";
    public static final String ORIGINAL_BLOCKS = "joint_blocks.";

    /** Of the layers within a block. */
    public static final Map<String, Place> IN_BLOCK = inBlock();

    /** Of those outside of blocks. */
    public static final Map<String, String> OUTSIDE = outside();

    /**
     * Where a layer is.
     *
     * @param part  which of the layer's equal parts of rows, from 0
     * @param parts into how many it is cut: queries, keys and values are packed into one
     */
    public record Place(String name, int part, int parts) {
    }

    private MmditNames() {
    }

    private static Map<String, String> outside() {
        var names = new LinkedHashMap<String, String>();
        names.put("pos_embed.proj", "x_embedder.proj");
        names.put("pos_embed.pos_embed", "pos_embed");
        names.put("time_text_embed.timestep_embedder.linear_1", "t_embedder.mlp.0");
        names.put("time_text_embed.timestep_embedder.linear_2", "t_embedder.mlp.2");
        names.put("time_text_embed.text_embedder.linear_1", "y_embedder.mlp.0");
        names.put("time_text_embed.text_embedder.linear_2", "y_embedder.mlp.2");
        names.put("context_embedder", "context_embedder");
        names.put("norm_out.linear", "final_layer.adaLN_modulation.1");
        names.put("proj_out", "final_layer.linear");
        return Collections.unmodifiableMap(names);
    }

    private static Map<String, Place> inBlock() {
        var places = new LinkedHashMap<String, Place>();
        put(places, "norm1.linear", "x_block.adaLN_modulation.1");
        put(places, "norm1_context.linear", "context_block.adaLN_modulation.1");
        for (String attention : List.of("attn", "attn2")) {
            pack(places, "x_block." + attention + ".qkv", attention + ".to_q", attention + ".to_k", attention + ".to_v");
            put(places, attention + ".to_out.0", "x_block." + attention + ".proj");
            put(places, attention + ".norm_q", "x_block." + attention + ".ln_q");
            put(places, attention + ".norm_k", "x_block." + attention + ".ln_k");
        }
        pack(places, "context_block.attn.qkv", "attn.add_q_proj", "attn.add_k_proj", "attn.add_v_proj");
        put(places, "attn.to_add_out", "context_block.attn.proj");
        put(places, "attn.norm_added_q", "context_block.attn.ln_q");
        put(places, "attn.norm_added_k", "context_block.attn.ln_k");
        put(places, "ff.net.0.proj", "x_block.mlp.fc1");
        put(places, "ff.net.2", "x_block.mlp.fc2");
        put(places, "ff_context.net.0.proj", "context_block.mlp.fc1");
        put(places, "ff_context.net.2", "context_block.mlp.fc2");
        return Collections.unmodifiableMap(places);
    }

    private static void put(Map<String, Place> places, String layer, String original) {
        places.put(layer, new Place(original, 0, 1));
    }

    private static void pack(Map<String, Place> places, String original, String... layers) {
        for (int part = 0; part < layers.length; part++) {
            places.put(layers[part], new Place(original, part, layers.length));
        }
    }
}
