package org.diffusionclassifier.checkpoint;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.diffusionclassifier.config.ClipTextConfig;
import org.diffusionclassifier.config.DitConfig;
import org.diffusionclassifier.config.MmditConfig;
import org.diffusionclassifier.config.T5Config;
import org.diffusionclassifier.config.UNetConfig.MidBlock;
import org.diffusionclassifier.config.UNetConfig;
import org.diffusionclassifier.config.VaeConfig;

/**
 * The tensors of a network by its configuration, under diffusers' and transformers' names and in the order in which the
 * network asks for them when it is built, which is the order of execution: layer by layer; of layers that are computed
 * side by side (queries, keys and values) all weights, then all biases. A file in this order is read from its beginning
 * to its end.
 */
public final class NetworkTensors {

    private final List<TensorSpec> tensors = new ArrayList<>();

    private NetworkTensors() {
    }

    public static List<TensorSpec> unet(UNetConfig config) {
        var network = new NetworkTensors();
        List<Integer> channels = config.blockOutChannels();
        int levels = channels.size();
        int first = channels.get(0);
        int time = 4 * first;
        if (config.guidanceWidth() > 0) {
            network.sideBySide("time_embedding", List.of("cond_proj"), first, config.guidanceWidth(), false);
        }
        network.linear("time_embedding.linear_1", time, first);
        network.linear("time_embedding.linear_2", time, time);
        if (config.added() != null) {
            network.linear("add_embedding.linear_1", time, config.added().width());
            network.linear("add_embedding.linear_2", time, time);
        }
        network.conv("conv_in", first, config.inChannels(), 3);
        Deque<Integer> skips = new ArrayDeque<>(List.of(first));
        int in = first;
        for (int i = 0; i < levels; i++) {
            String level = "down_blocks." + i;
            for (int j = 0; j < config.layersPerBlock().get(i); j++) {
                network.resnet(level + ".resnets." + j, in, channels.get(i), time);
                in = channels.get(i);
                network.transformer(level + ".attentions." + j, in, config.depths().down().get(i).get(j), config);
                skips.push(in);
            }
            if (i < levels - 1) {
                network.conv(level + ".downsamplers.0.conv", in, in, 3);
                skips.push(in);
            }
        }
        if (config.midBlock() != MidBlock.NONE) {
            network.resnet("mid_block.resnets.0", in, in, time);
        }
        if (config.midBlock() == MidBlock.CROSS_ATTENTION) {
            network.transformer("mid_block.attentions.0", in, config.depths().mid(), config);
            network.resnet("mid_block.resnets.1", in, in, time);
        }
        for (int i = 0; i < levels; i++) {
            String level = "up_blocks." + i;
            int mirrored = levels - 1 - i;
            int out = channels.get(mirrored);
            for (int j = 0; j <= config.layersPerBlock().get(mirrored); j++) {
                network.resnet(level + ".resnets." + j, in + skips.pop(), out, time);
                in = out;
                network.transformer(level + ".attentions." + j, in, config.depths().up().get(i).get(j), config);
            }
            if (mirrored > 0) {
                network.conv(level + ".upsamplers.0.conv", out, out, 3);
            }
        }
        network.norm("conv_norm_out", first);
        network.conv("conv_out", config.outChannels(), first, 3);
        network.timeProjectionsBehind("time_embedding.linear_2.bias");
        return network.tensors;
    }

    /** The projections of the time embedding, of all blocks, are one layer, which is computed before the blocks. */
    private void timeProjectionsBehind(String tensor) {
        List<TensorSpec> projections = tensors.stream().filter(spec -> spec.name().contains(".time_emb_proj.")).toList();
        tensors.removeAll(projections);
        int at = tensors.stream().map(TensorSpec::name).toList().indexOf(tensor) + 1;
        tensors.addAll(at, projections.stream().filter(spec -> spec.name().endsWith(".bias")).toList());
        tensors.addAll(at, projections.stream().filter(spec -> spec.name().endsWith(".weight")).toList());
    }

    /** The encoder alone. */
    public static List<TensorSpec> vae(VaeConfig config) {
        var network = new NetworkTensors();
        int levels = config.blockOutChannels().size();
        int moments = 2 * config.latentChannels();
        int in = config.blockOutChannels().get(0);
        network.conv("encoder.conv_in", in, config.inChannels(), 3);
        for (int i = 0; i < levels; i++) {
            String level = "encoder.down_blocks." + i;
            for (int j = 0; j < config.layersPerBlock(); j++) {
                network.resnet(level + ".resnets." + j, in, config.blockOutChannels().get(i), 0);
                in = config.blockOutChannels().get(i);
            }
            if (i < levels - 1) {
                network.conv(level + ".downsamplers.0.conv", in, in, 3);
            }
        }
        network.resnet("encoder.mid_block.resnets.0", in, in, 0);
        if (config.midAttention()) {
            String attention = "encoder.mid_block.attentions.0";
            network.norm(attention + ".group_norm", in);
            network.sideBySide(attention, List.of("to_q", "to_k", "to_v"), in, in, true);
            network.linear(attention + ".to_out.0", in, in);
        }
        network.resnet("encoder.mid_block.resnets.1", in, in, 0);
        network.norm("encoder.conv_norm_out", in);
        network.conv("encoder.conv_out", moments, in, 3);
        if (config.quantConv()) {
            network.conv("quant_conv", moments, moments, 1);
        }
        return network.tensors;
    }

    public static List<TensorSpec> textEncoder(ClipTextConfig config) {
        var network = new NetworkTensors();
        int width = config.width();
        network.tensors.add(TensorSpec.table("embeddings.token_embedding.weight", config.vocabSize(), width));
        network.tensors.add(TensorSpec.table("embeddings.position_embedding.weight", config.maxPositions(), width));
        for (int i = 0; i < config.layers(); i++) {
            String layer = "encoder.layers." + i;
            network.norm(layer + ".layer_norm1", width);
            network.sideBySide(layer + ".self_attn", List.of("q_proj", "k_proj", "v_proj"), width, width, true);
            network.linear(layer + ".self_attn.out_proj", width, width);
            network.norm(layer + ".layer_norm2", width);
            network.linear(layer + ".mlp.fc1", config.intermediate(), width);
            network.linear(layer + ".mlp.fc2", width, config.intermediate());
        }
        network.norm("final_layer_norm", width);
        if (config.projection() > 0) {
            network.sideBySide("", List.of("text_projection"), config.projection(), width, false);
        }
        return network.tensors;
    }

    /** Every block has its own embeddings of timestep and label, as in diffusers' form, equal as they may be. */
    public static List<TensorSpec> transformer(DitConfig config) {
        var network = new NetworkTensors();
        int width = config.width();
        network.conv("pos_embed.proj", width, config.inChannels(), config.patchSize());
        for (int i = 0; i < config.layers(); i++) {
            String block = "transformer_blocks." + i;
            String embedding = block + ".norm1.emb";
            network.tensors.add(TensorSpec.table(embedding + ".class_embedder.embedding_table.weight", config.labels() + 1,
                    width));
            network.linear(embedding + ".timestep_embedder.linear_1", width, 256);
            network.linear(embedding + ".timestep_embedder.linear_2", width, width);
            network.linear(block + ".norm1.linear", 6 * width, width);  // shift, scale and gate, twice
            network.sideBySide(block + ".attn1", List.of("to_q", "to_k", "to_v"), width, width, true);
            network.linear(block + ".attn1.to_out.0", width, width);
            network.linear(block + ".ff.net.0.proj", 4 * width, width);
            network.linear(block + ".ff.net.2", width, 4 * width);
        }
        network.linear("proj_out_1", 2 * width, width);                 // shift and scale
        network.linear("proj_out_2", config.patchSize() * config.patchSize() * config.outChannels(), width);
        return network.tensors;
    }

    /** What is made of the captions alone stands first. The last block's caption tokens are only attended to. */
    public static List<TensorSpec> transformer(MmditConfig config) {
        var network = new NetworkTensors();
        int width = config.width();
        network.linear("context_embedder", width, config.contextWidth());
        network.linear("time_text_embed.text_embedder.linear_1", width, config.vectorWidth());
        network.linear("time_text_embed.text_embedder.linear_2", width, width);
        network.linear("time_text_embed.timestep_embedder.linear_1", width, 256);
        network.linear("time_text_embed.timestep_embedder.linear_2", width, width);
        network.tensors.add(new TensorSpec("pos_embed.pos_embed",
                List.of(1, config.positions() * config.positions(), width), true));
        network.conv("pos_embed.proj", width, config.inChannels(), config.patchSize());
        for (int i = 0; i < config.layers(); i++) {
            network.jointBlock("transformer_blocks." + i, config, i);
        }
        network.linear("norm_out.linear", 2 * width, width);            // scale and shift
        network.linear("proj_out", config.patchSize() * config.patchSize() * config.outChannels(), width);
        return network.tensors;
    }

    private void jointBlock(String block, MmditConfig config, int index) {
        int width = config.width();
        boolean last = config.isLast(index);
        boolean dual = config.dualLayers().contains(index);
        String attention = block + ".attn";
        linear(block + ".norm1.linear", (dual ? 9 : 6) * width, width);     // shift, scale and gate, two or three times
        linear(block + ".norm1_context.linear", (last ? 2 : 6) * width, width);
        sideBySide(attention, List.of("to_q", "to_k", "to_v"), width, width, true);
        sideBySide(attention, last ? List.of("add_k_proj", "add_v_proj")
                : List.of("add_q_proj", "add_k_proj", "add_v_proj"), width, width, true);
        if (config.normalised()) {
            for (String norm : last ? List.of("norm_q", "norm_k", "norm_added_k")
                    : List.of("norm_q", "norm_k", "norm_added_q", "norm_added_k")) {
                tensors.add(TensorSpec.of(attention + "." + norm + ".weight", config.headWidth()));
            }
        }
        linear(attention + ".to_out.0", width, width);
        if (!last) {
            linear(attention + ".to_add_out", width, width);
        }
        if (dual) {
            sideBySide(block + ".attn2", List.of("to_q", "to_k", "to_v"), width, width, true);
            if (config.normalised()) {
                tensors.add(TensorSpec.of(block + ".attn2.norm_q.weight", config.headWidth()));
                tensors.add(TensorSpec.of(block + ".attn2.norm_k.weight", config.headWidth()));
            }
            linear(block + ".attn2.to_out.0", width, width);
        }
        for (String mlp : last ? List.of("ff") : List.of("ff", "ff_context")) {
            linear(block + "." + mlp + ".net.0.proj", 4 * width, width);
            linear(block + "." + mlp + ".net.2", width, 4 * width);
        }
    }

    public static List<TensorSpec> textEncoder(T5Config config) {
        var network = new NetworkTensors();
        int width = config.width();
        int inner = config.heads() * config.headWidth();
        network.tensors.add(TensorSpec.table("shared.weight", config.vocabSize(), width));
        network.tensors.add(TensorSpec.table("encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight",
                config.buckets(), config.heads()));
        for (int i = 0; i < config.layers(); i++) {
            String block = "encoder.block." + i + ".layer.";
            network.tensors.add(TensorSpec.of(block + "0.layer_norm.weight", width));
            network.sideBySide(block + "0.SelfAttention", List.of("q", "k", "v"), inner, width, false);
            network.sideBySide(block + "0.SelfAttention", List.of("o"), width, inner, false);
            network.tensors.add(TensorSpec.of(block + "1.layer_norm.weight", width));
            network.sideBySide(block + "1.DenseReluDense", List.of("wi_0", "wi_1"), config.intermediate(), width, false);
            network.sideBySide(block + "1.DenseReluDense", List.of("wo"), width, config.intermediate(), false);
        }
        network.tensors.add(TensorSpec.of("encoder.final_layer_norm.weight", width));
        return network.tensors;
    }

    private void norm(String name, int channels) {
        tensors.add(TensorSpec.of(name + ".weight", channels));
        tensors.add(TensorSpec.of(name + ".bias", channels));
    }

    private void linear(String name, int out, int in) {
        tensors.add(TensorSpec.of(name + ".weight", out, in));
        tensors.add(TensorSpec.of(name + ".bias", out));
    }

    private void sideBySide(String name, List<String> parts, int out, int in, boolean bias) {
        String before = name.isEmpty() ? "" : name + ".";
        parts.forEach(part -> tensors.add(TensorSpec.of(before + part + ".weight", out, in)));
        if (bias) {
            parts.forEach(part -> tensors.add(TensorSpec.of(before + part + ".bias", out)));
        }
    }

    private void conv(String name, int out, int in, int size) {
        tensors.add(TensorSpec.of(name + ".weight", out, in, size, size));
        tensors.add(TensorSpec.of(name + ".bias", out));
    }

    /** @param time width of the time embedding, or 0 */
    private void resnet(String name, int in, int out, int time) {
        norm(name + ".norm1", in);
        conv(name + ".conv1", out, in, 3);
        if (time > 0) {
            linear(name + ".time_emb_proj", out, time);
        }
        norm(name + ".norm2", out);
        conv(name + ".conv2", out, out, 3);
        if (in != out) {
            conv(name + ".conv_shortcut", out, in, 1);
        }
    }

    /** @param depth blocks; 0 for no transformer */
    private void transformer(String name, int width, int depth, UNetConfig config) {
        if (depth == 0) {
            return;
        }
        norm(name + ".norm", width);
        projection(name + ".proj_in", width, config.linearProjection());
        for (int i = 0; i < depth; i++) {
            String block = name + ".transformer_blocks." + i;
            norm(block + ".norm1", width);
            sideBySide(block + ".attn1", List.of("to_q", "to_k", "to_v"), width, width, false);
            linear(block + ".attn1.to_out.0", width, width);
            norm(block + ".norm2", width);
            sideBySide(block + ".attn2", List.of("to_q"), width, width, false);
            sideBySide(block + ".attn2", List.of("to_k", "to_v"), width, config.crossAttentionDim(), false);
            linear(block + ".attn2.to_out.0", width, width);
            norm(block + ".norm3", width);
            linear(block + ".ff.net.0.proj", 8 * width, width);     // GEGLU: value and gate of 4·width each
            linear(block + ".ff.net.2", width, 4 * width);
        }
        projection(name + ".proj_out", width, config.linearProjection());
    }

    private void projection(String name, int width, boolean linear) {
        if (linear) {
            linear(name, width, width);
        } else {
            conv(name, width, width, 1);
        }
    }
}
