package org.diffusionclassifier.weights;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.diffusionclassifier.weights.UNetConfig.BlockKind;

/**
 * Names and shapes of all tensors that diffusers and transformers have for a configuration, so that tests have the
 * published models without their weights. LdmWeightsTest holds it to the golden models.
 */
final class DiffusersForm {

    private final TensorMap tensors = new TensorMap();

    private DiffusersForm() {
    }

    static TensorMap unet(UNetConfig config) {
        var form = new DiffusersForm();
        List<Integer> channels = config.blockOutChannels();
        int first = channels.get(0);
        int last = channels.get(channels.size() - 1);
        form.linear("time_embedding.linear_1", 4 * first, first);
        form.linear("time_embedding.linear_2", 4 * first, 4 * first);
        form.conv("conv_in", first, config.inChannels(), 3);
        Deque<Integer> skips = new ArrayDeque<>(List.of(first));
        int in = first;
        for (int i = 0; i < channels.size(); i++) {
            String level = "down_blocks." + i;
            for (int j = 0; j < config.layersPerBlock().get(i); j++) {
                form.resnet(level + ".resnets." + j, in, channels.get(i), 4 * first);
                in = channels.get(i);
                if (config.down().get(i) == BlockKind.CROSS_ATTENTION) {
                    form.transformer(level + ".attentions." + j, in, config);
                }
                skips.push(in);
            }
            if (i < channels.size() - 1) {
                form.conv(level + ".downsamplers.0.conv", in, in, 3);
                skips.push(in);
            }
        }
        form.resnet("mid_block.resnets.0", last, last, 4 * first);
        form.transformer("mid_block.attentions.0", last, config);
        form.resnet("mid_block.resnets.1", last, last, 4 * first);
        for (int i = 0; i < channels.size(); i++) {
            String level = "up_blocks." + i;
            int mirrored = channels.size() - 1 - i;
            int out = channels.get(mirrored);
            for (int j = 0; j <= config.layersPerBlock().get(mirrored); j++) {
                form.resnet(level + ".resnets." + j, in + skips.pop(), out, 4 * first);
                in = out;
                if (config.up().get(i) == BlockKind.CROSS_ATTENTION) {
                    form.transformer(level + ".attentions." + j, out, config);
                }
            }
            if (mirrored > 0) {
                form.conv(level + ".upsamplers.0.conv", out, out, 3);
            }
        }
        form.norm("conv_norm_out", first);
        form.conv("conv_out", config.outChannels(), first, 3);
        return form.tensors;
    }

    /** The encoder alone. */
    static TensorMap vae(VaeConfig config) {
        var form = new DiffusersForm();
        int levels = config.blockOutChannels().size();
        int in = config.blockOutChannels().get(0);
        form.conv("encoder.conv_in", in, config.inChannels(), 3);
        for (int i = 0; i < levels; i++) {
            String level = "encoder.down_blocks." + i;
            for (int j = 0; j < config.layersPerBlock(); j++) {
                form.resnet(level + ".resnets." + j, in, config.blockOutChannels().get(i), 0);
                in = config.blockOutChannels().get(i);
            }
            if (i < levels - 1) {
                form.conv(level + ".downsamplers.0.conv", in, in, 3);
            }
        }
        form.resnet("encoder.mid_block.resnets.0", in, in, 0);
        form.norm("encoder.mid_block.attentions.0.group_norm", in);
        for (String projection : List.of("to_q", "to_k", "to_v", "to_out.0")) {
            form.linear("encoder.mid_block.attentions.0." + projection, in, in);
        }
        form.resnet("encoder.mid_block.resnets.1", in, in, 0);
        form.norm("encoder.conv_norm_out", in);
        form.conv("encoder.conv_out", 2 * config.latentChannels(), in, 3);
        form.conv("quant_conv", 2 * config.latentChannels(), 2 * config.latentChannels(), 1);
        return form.tensors;
    }

    static TensorMap text(ClipTextConfig config) {
        var form = new DiffusersForm();
        int width = config.width();
        form.tensors.put("embeddings.token_embedding.weight", config.vocabSize(), width);
        form.tensors.put("embeddings.position_embedding.weight", config.maxPositions(), width);
        for (int i = 0; i < config.layers(); i++) {
            String layer = "encoder.layers." + i;
            for (String projection : List.of("q_proj", "k_proj", "v_proj", "out_proj")) {
                form.linear(layer + ".self_attn." + projection, width, width);
            }
            form.norm(layer + ".layer_norm1", width);
            form.norm(layer + ".layer_norm2", width);
            form.linear(layer + ".mlp.fc1", config.intermediate(), width);
            form.linear(layer + ".mlp.fc2", width, config.intermediate());
        }
        form.norm("final_layer_norm", width);
        return form.tensors;
    }

    private void norm(String name, int channels) {
        tensors.put(name + ".weight", channels).put(name + ".bias", channels);
    }

    private void linear(String name, int out, int in) {
        tensors.put(name + ".weight", out, in).put(name + ".bias", out);
    }

    private void conv(String name, int out, int in, int size) {
        tensors.put(name + ".weight", out, in, size, size).put(name + ".bias", out);
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

    private void transformer(String name, int width, UNetConfig config) {
        String block = name + ".transformer_blocks.0";
        norm(name + ".norm", width);
        for (String projection : List.of(".proj_in", ".proj_out")) {
            if (config.linearProjection()) {
                linear(name + projection, width, width);
            } else {
                conv(name + projection, width, width, 1);
            }
        }
        for (String attention : List.of(".attn1", ".attn2")) {
            int context = attention.equals(".attn1") ? width : config.crossAttentionDim();
            tensors.put(block + attention + ".to_q.weight", width, width);
            tensors.put(block + attention + ".to_k.weight", width, context);
            tensors.put(block + attention + ".to_v.weight", width, context);
            linear(block + attention + ".to_out.0", width, width);
        }
        List.of(".norm1", ".norm2", ".norm3").forEach(norm -> norm(block + norm, width));
        linear(block + ".ff.net.0.proj", 8 * width, width);     // GEGLU: value and gate of 4·width each
        linear(block + ".ff.net.2", width, 4 * width);
    }
}
