package org.diffusionclassifier.checkpoint.original;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.diffusionclassifier.config.MmditConfig;
import org.diffusionclassifier.testing.MapWeights;
import org.diffusionclassifier.tensor.Weights;

/**
 * Checkpoints in the original Stable Diffusion naming, made from the diffusers form by formulas for a block's number,
 * where the code under test counts.
 */
public final class OriginalForm {

    private static final Pattern UNET_BLOCK =
            Pattern.compile("(down|up)_blocks\\.(\\d+)\\.(resnets|attentions|downsamplers|upsamplers)\\.(\\d+)\\.(.*)");
    private static final Pattern VAE_LEVEL = Pattern.compile("encoder\\.down_blocks\\.(\\d+)\\.");
    private static final String ATTENTION = "encoder.mid.attn_1.";

    private final MapWeights tensors = new MapWeights();

    public MapWeights tensors() {
        return tensors;
    }

    /** @param layers resnets a level on the way down */
    public OriginalForm unet(Weights diffusers, int layers) {
        return putAll("model.diffusion_model.", diffusers, name -> unet(name, layers, diffusers));
    }

    /** As {@link #unet}, as the averaged weights. */
    public OriginalForm averagedUNet(Weights diffusers, int layers) {
        return putAll("model_ema.diffusion_model", diffusers,
                name -> unet(name, layers, diffusers).replace(".", ""));
    }

    public static String unet(String name, int layers, Weights diffusers) {
        var block = UNET_BLOCK.matcher(name);
        if (block.matches()) {
            int level = Integer.parseInt(block.group(2));
            int layer = Integer.parseInt(block.group(4));
            String rest = block.group(5);
            int down = 1 + level * (layers + 1) + layer;
            int up = level * (layers + 1) + layer;
            boolean attends = diffusers.has("up_blocks." + level + ".attentions.0.norm.weight");
            return switch (block.group(1) + " " + block.group(3)) {
                case "down resnets" -> "input_blocks." + down + ".0." + resnet(rest);
                case "down attentions" -> "input_blocks." + down + ".1." + rest;
                case "down downsamplers" -> "input_blocks." + (down + layers) + ".0." + rest.replace("conv", "op");
                case "up resnets" -> "output_blocks." + up + ".0." + resnet(rest);
                case "up attentions" -> "output_blocks." + up + ".1." + rest;
                case "up upsamplers" -> "output_blocks." + (up + layers) + (attends ? ".2." : ".1.") + rest;
                default -> throw new IllegalArgumentException(name);
            };
        }
        if (name.startsWith("mid_block.resnets.")) {
            int middle = name.charAt(18) == '0' ? 0 : 2;
            return "middle_block." + middle + "." + resnet(name.substring(20));
        }
        return name.replace("mid_block.attentions.0.", "middle_block.1.")
                .replace("add_embedding.linear_1", "label_emb.0.0").replace("add_embedding.linear_2", "label_emb.0.2")
                .replace("time_embedding.linear_1", "time_embed.0").replace("time_embedding.linear_2", "time_embed.2")
                .replace("conv_in.", "input_blocks.0.0.")
                .replace("conv_norm_out.", "out.0.").replace("conv_out.", "out.2.");
    }

    private static String resnet(String part) {
        return part.replace("norm1", "in_layers.0").replace("conv1", "in_layers.2")
                .replace("time_emb_proj", "emb_layers.1").replace("norm2", "out_layers.0")
                .replace("conv2", "out_layers.3").replace("conv_shortcut", "skip_connection");
    }

    /** The encoder; and one tensor of a decoder, as a checkpoint has. */
    public OriginalForm vae(Weights diffusers) {
        putAll("first_stage_model.", diffusers, OriginalForm::vae);
        tensors.put("first_stage_model.decoder.conv_in.bias", List.of(1), () -> new float[1]);
        return this;
    }

    private static String vae(String name) {
        return VAE_LEVEL.matcher(name).replaceAll((MatchResult level) -> "encoder.down." + level.group(1) + ".")
                .replace(".resnets.", ".block.").replace("downsamplers.0", "downsample")
                .replace("mid_block.block.0", "mid.block_1").replace("mid_block.block.1", "mid.block_2")
                .replace("mid_block.attentions.0.group_norm", "mid.attn_1.norm")
                .replace("mid_block.attentions.0.to_out.0", "mid.attn_1.proj_out")
                .replace("mid_block.attentions.0.to_", "mid.attn_1.")
                .replace("conv_shortcut", "nin_shortcut").replace("conv_norm_out", "norm_out");
    }

    public OriginalForm clip(Weights transformers) {
        return putAll("cond_stage_model.transformer.text_model.", transformers, name -> name);
    }

    /**
     * OpenCLIP's form, with what else it has: the projection, and a last layer that is never run.
     *
     * @param layers  that are run
     * @param hasLast whether the layer after these is there
     */
    public OriginalForm openClip(Weights transformers, int layers, boolean hasLast) {
        return openClip("cond_stage_model.model.", transformers, hasLast ? layers + 1 : layers, layers);
    }

    /** SDXL's two, the second of them with its projection. */
    public OriginalForm xl(Weights first, Weights second, int layersOfSecond) {
        putAll("conditioner.embedders.0.transformer.text_model.", first, name -> name);
        String prefix = "conditioner.embedders.1.model.";
        List<Integer> shape = second.shape("text_projection.weight");
        int outputs = shape.get(0);
        int inputs = shape.get(1);
        tensors.put(prefix + "text_projection", List.of(inputs, outputs), () -> {
            float[] rows = second.floats("text_projection.weight", outputs, inputs);
            var columns = new float[rows.length];
            for (int i = 0; i < rows.length; i++) {
                columns[i % inputs * outputs + i / inputs] = rows[i];
            }
            return columns;
        });
        return openClip(prefix, second, layersOfSecond, layersOfSecond);
    }

    /** @param stored layers in the file, of which those beyond the model's are the last one again */
    private OriginalForm openClip(String prefix, Weights transformers, int stored, int layers) {
        put(prefix + "token_embedding.weight", transformers, "embeddings.token_embedding.weight");
        put(prefix + "positional_embedding", transformers, "embeddings.position_embedding.weight");
        for (int i = 0; i < stored; i++) {
            String layer = "encoder.layers." + Math.min(i, layers - 1);
            String block = prefix + "transformer.resblocks." + i;
            for (String kind : List.of("weight", "bias")) {
                pack(block + ".attn.in_proj_" + kind, transformers, List.of(layer + ".self_attn.q_proj." + kind,
                        layer + ".self_attn.k_proj." + kind, layer + ".self_attn.v_proj." + kind));
                put(block + ".attn.out_proj." + kind, transformers, layer + ".self_attn.out_proj." + kind);
                put(block + ".ln_1." + kind, transformers, layer + ".layer_norm1." + kind);
                put(block + ".ln_2." + kind, transformers, layer + ".layer_norm2." + kind);
                put(block + ".mlp.c_fc." + kind, transformers, layer + ".mlp.fc1." + kind);
                put(block + ".mlp.c_proj." + kind, transformers, layer + ".mlp.fc2." + kind);
            }
        }
        put(prefix + "ln_final.weight", transformers, "final_layer_norm.weight");
        put(prefix + "ln_final.bias", transformers, "final_layer_norm.bias");
        tensors.put(prefix + "logit_scale", List.of(), () -> new float[1]);
        return this;
    }

    /**
     * Stable Diffusion 3's transformer: queries, keys and values packed, and shift before scale where diffusers has scale
     * before shift. The queries of the
     * last block's caption, which are not taken, are its keys again.
     */
    public OriginalForm mmdit(Weights diffusers, MmditConfig config) {
        String prefix = "model.diffusion_model.";
        String last = "transformer_blocks." + (config.layers() - 1) + ".norm1_context.";
        for (String name : diffusers.names()) {
            if (!name.matches(".*\\.(to_[qkv]|add_[qkv]_proj)\\.(weight|bias)")) {
                boolean swapped = name.startsWith("norm_out.") || name.startsWith(last);
                String stored = prefix + mmdit(name);
                if (swapped) {
                    swapHalves(stored, diffusers, name);
                } else {
                    put(stored, diffusers, name);
                }
            }
        }
        for (int i = 0; i < config.layers(); i++) {
            for (String kind : List.of("weight", "bias")) {
                String block = "transformer_blocks." + i + ".";
                String stored = prefix + "joint_blocks." + i + ".";
                pack(stored + "x_block.attn.qkv." + kind, diffusers, List.of(block + "attn.to_q." + kind,
                        block + "attn.to_k." + kind, block + "attn.to_v." + kind));
                String missing = block + "attn.add_q_proj." + kind;
                List<String> added = List.of(diffusers.has(missing) ? missing : block + "attn.add_k_proj." + kind,
                        block + "attn.add_k_proj." + kind, block + "attn.add_v_proj." + kind);
                pack(stored + "context_block.attn.qkv." + kind, diffusers, added);
                if (config.dualLayers().contains(i)) {
                    pack(stored + "x_block.attn2.qkv." + kind, diffusers, List.of(block + "attn2.to_q." + kind,
                            block + "attn2.to_k." + kind, block + "attn2.to_v." + kind));
                }
            }
        }
        return this;
    }

    private static String mmdit(String name) {
        return name.replace("pos_embed.proj", "x_embedder.proj").replace("pos_embed.pos_embed", "pos_embed")
                .replace("time_text_embed.timestep_embedder.linear_1", "t_embedder.mlp.0")
                .replace("time_text_embed.timestep_embedder.linear_2", "t_embedder.mlp.2")
                .replace("time_text_embed.text_embedder.linear_1", "y_embedder.mlp.0")
                .replace("time_text_embed.text_embedder.linear_2", "y_embedder.mlp.2")
                .replace("norm_out.linear", "final_layer.adaLN_modulation.1").replace("proj_out", "final_layer.linear")
                .replace("transformer_blocks.", "joint_blocks.")
                .replace("norm1_context.linear", "context_block.adaLN_modulation.1")
                .replace("norm1.linear", "x_block.adaLN_modulation.1")
                .replace("attn.to_add_out", "context_block.attn.proj").replace("attn.norm_added_", "context_block.attn.ln_")
                .replaceAll("\\.(attn2?)\\.to_out\\.0", ".x_block.$1.proj").replaceAll("\\.(attn2?)\\.norm_", ".x_block.$1.ln_")
                .replace("ff_context.net.0.proj", "context_block.mlp.fc1")
                .replace("ff_context.net.2", "context_block.mlp.fc2")
                .replace("ff.net.0.proj", "x_block.mlp.fc1").replace("ff.net.2", "x_block.mlp.fc2");
    }

    private void swapHalves(String name, Weights from, String source) {
        List<Integer> shape = from.shape(source);
        tensors.put(name, shape, () -> {
            var values = FloatBuffer.allocate(elements(shape));
            from.read(source, values);
            var swapped = new float[values.capacity()];
            int half = swapped.length / 2;
            System.arraycopy(values.array(), half, swapped, 0, half);
            System.arraycopy(values.array(), 0, swapped, half, half);
            return swapped;
        });
    }

    /** A text encoder as a file of Stable Diffusion 3 has it. @param projection whether its projection is there */
    public OriginalForm sd3Text(String name, Weights transformers, boolean projection) {
        String prefix = "text_encoders." + name + ".transformer.";
        for (String tensor : transformers.names()) {
            if (tensor.startsWith("text_projection")) {
                if (projection) {
                    put(prefix + tensor, transformers, tensor);
                }
            } else {
                put(prefix + (name.startsWith("clip") ? "text_model." : "") + tensor, transformers, tensor);
            }
        }
        return this;
    }

    private void pack(String name, Weights from, List<String> parts) {
        var shape = new ArrayList<>(from.shape(parts.get(0)));
        shape.set(0, shape.get(0) * parts.size());
        tensors.put(name, shape, () -> {
            var all = FloatBuffer.allocate(elements(shape));
            parts.forEach(part -> from.read(part, all));
            return all.array();
        });
    }

    private OriginalForm putAll(String prefix, Weights from, UnaryOperator<String> naming) {
        from.names().forEach(name -> put(prefix + naming.apply(name), from, name));
        return this;
    }

    private void put(String name, Weights from, String source) {
        boolean convolution = name.contains(ATTENTION) && from.shape(source).size() == 2;
        var shape = new ArrayList<>(from.shape(source));
        if (convolution) {
            shape.addAll(List.of(1, 1));
        }
        tensors.put(name, shape, () -> {
            var values = FloatBuffer.allocate(elements(shape));
            from.read(source, values);
            return values.array();
        });
    }

    public static int elements(List<Integer> shape) {
        return shape.stream().reduce(1, Math::multiplyExact);
    }
}
