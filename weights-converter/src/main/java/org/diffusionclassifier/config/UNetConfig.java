package org.diffusionclassifier.config;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.diffusionclassifier.tensor.InputException;

/**
 * The shape of a Stable Diffusion UNet, from diffusers' {@code unet/config.json} (UNet2DConditionModel, whose defaults
 * stand in for missing keys). Lists have one entry a block in the order of the way down, except {@code up}, which is in
 * the order of the way up: the way up takes the others backwards, and one resnet more a block than the way down.
 *
 * @param sampleSize        height and width of the latent that the model was trained on
 * @param inChannels        channels of the noisy latent
 * @param outChannels       channels of the prediction
 * @param blockOutChannels  channels that each block puts out
 * @param down              kinds of the blocks on the way down
 * @param up                kinds of the blocks on the way up
 * @param layersPerBlock    resnets a block on the way down
 * @param heads             attention heads; diffusers calls it attention_head_dim, against the meaning of the words
 * @param transformerLayers transformer blocks after each resnet; the last one is the mid block's, too
 * @param crossAttentionDim width of the context that cross-attention looks at
 * @param normGroups        groups of every GroupNorm
 * @param normEps           ε of the resnets' and the last GroupNorm (a transformer's GroupNorm has 1e-6)
 * @param linearProjection  whether transformers project in and out by a linear layer rather than a 1×1 convolution
 * @param flipSinToCos      whether the timestep embedding is [cos, sin] rather than [sin, cos]
 * @param freqShift         what is subtracted from half the timestep embedding's width in its frequencies' divisor
 * @param upcastAttention   whether attention scores want fp32
 */
public record UNetConfig(int sampleSize, int inChannels, int outChannels, List<Integer> blockOutChannels,
                         List<BlockKind> down, List<BlockKind> up, List<Integer> layersPerBlock, List<Integer> heads,
                         List<Integer> transformerLayers, int crossAttentionDim, int normGroups, float normEps,
                         boolean linearProjection, boolean flipSinToCos, float freqShift, boolean upcastAttention) {

    /** Whether a block has transformers after its resnets. */
    public enum BlockKind { CROSS_ATTENTION, PLAIN }

    private static final Map<String, BlockKind> DOWN_BLOCKS =
            Map.of("CrossAttnDownBlock2D", BlockKind.CROSS_ATTENTION, "DownBlock2D", BlockKind.PLAIN);
    private static final Map<String, BlockKind> UP_BLOCKS =
            Map.of("CrossAttnUpBlock2D", BlockKind.CROSS_ATTENTION, "UpBlock2D", BlockKind.PLAIN);

    private static final String MID_BLOCK = "UNetMidBlock2DCrossAttn";

    public UNetConfig {
        blockOutChannels = List.copyOf(blockOutChannels);
        down = List.copyOf(down);
        up = List.copyOf(up);
        layersPerBlock = List.copyOf(layersPerBlock);
        heads = List.copyOf(heads);
        transformerLayers = List.copyOf(transformerLayers);
    }

    /** Stable Diffusion 1.5's, as published with its weights. */
    public static UNetConfig stableDiffusion15() {
        return stableDiffusion(64, List.of(8, 8, 8, 8), 768, false, false);
    }

    /** Stable Diffusion 2-base's, as published with its weights. */
    public static UNetConfig stableDiffusion2Base() {
        return stableDiffusion(64, List.of(5, 10, 20, 20), 1024, true, false);
    }

    /** Stable Diffusion 2.1's, as published with its weights. */
    public static UNetConfig stableDiffusion21() {
        return stableDiffusion(96, List.of(5, 10, 20, 20), 1024, true, true);
    }

    private static UNetConfig stableDiffusion(int sampleSize, List<Integer> heads, int contextWidth,
            boolean linearProjection, boolean upcastAttention) {
        var attends = BlockKind.CROSS_ATTENTION;
        return new UNetConfig(sampleSize, 4, 4, List.of(320, 640, 1280, 1280),
                List.of(attends, attends, attends, BlockKind.PLAIN),
                List.of(BlockKind.PLAIN, attends, attends, attends), List.of(2, 2, 2, 2), heads, List.of(1, 1, 1, 1),
                contextWidth, 32, 1e-5f, linearProjection, true, 0, upcastAttention);
    }

    /** @throws InputException for a value that changes the computation in a way that is not implemented */
    public static UNetConfig read(Path file) {
        return read(JsonConfig.read(file));
    }

    /** As above, of settings that are read already. */
    public static UNetConfig read(JsonConfig json) {
        json.require("_class_name", "UNet2DConditionModel");
        json.expect("act_fn", "silu", "swish");
        if (json.get("mid_block_type").isNull()) {      // which is no default: such a UNet has no mid block
            throw json.unsupported("mid_block_type", MID_BLOCK);
        }
        json.expect("mid_block_type", MID_BLOCK);
        json.expect("resnet_time_scale_shift", "default");
        json.expect("time_embedding_type", "positional");
        json.expect("attention_type", "default");
        json.expect("conv_in_kernel", 3);
        json.expect("conv_out_kernel", 3);
        json.expect("downsample_padding", 1);
        json.expect("mid_block_scale_factor", 1);
        json.expect("resnet_out_scale_factor", 1);

        List<Integer> channels = json.integers("block_out_channels", List.of(320, 640, 1280, 1280));
        int blocks = channels.size();
        String headsKey = JsonConfig.isOff(json.get("num_attention_heads")) ? "attention_head_dim"
                : "num_attention_heads";
        var config = new UNetConfig(
                json.integer("sample_size"),
                json.integer("in_channels", 4),
                json.integer("out_channels", 4),
                channels,
                json.choices("down_block_types", DOWN_BLOCKS, List.of(BlockKind.CROSS_ATTENTION,
                        BlockKind.CROSS_ATTENTION, BlockKind.CROSS_ATTENTION, BlockKind.PLAIN)),
                json.choices("up_block_types", UP_BLOCKS, List.of(BlockKind.PLAIN,
                        BlockKind.CROSS_ATTENTION, BlockKind.CROSS_ATTENTION, BlockKind.CROSS_ATTENTION)),
                json.integerPerBlock("layers_per_block", 2, blocks),
                json.integerPerBlock(headsKey, 8, blocks),
                json.integerPerBlock("transformer_layers_per_block", 1, blocks),
                json.integer("cross_attention_dim", 1280),
                json.integer("norm_num_groups", 32),
                (float) json.positiveNumber("norm_eps", 1e-5),
                json.flag("use_linear_projection", false),
                json.flag("flip_sin_to_cos", true),
                (float) json.number("freq_shift", 0),
                json.flag("upcast_attention", false));
        json.refuseOthers("attention_head_dim", "addition_embed_type_num_heads", "dropout");
        config.validate(json, headsKey);
        return config;
    }

    /** As {@code unet/config.json} says it, so that {@link #read} gives this again. */
    public Map<String, Object> toDiffusers() {
        var json = new LinkedHashMap<String, Object>();
        json.put("_class_name", "UNet2DConditionModel");
        json.put("sample_size", sampleSize);
        json.put("in_channels", inChannels);
        json.put("out_channels", outChannels);
        json.put("block_out_channels", blockOutChannels);
        json.put("down_block_types", down.stream().map(kind -> JsonConfig.nameOf(kind, DOWN_BLOCKS)).toList());
        json.put("up_block_types", up.stream().map(kind -> JsonConfig.nameOf(kind, UP_BLOCKS)).toList());
        json.put("layers_per_block", layersPerBlock);
        json.put("attention_head_dim", heads);
        json.put("transformer_layers_per_block", transformerLayers);
        json.put("cross_attention_dim", crossAttentionDim);
        json.put("norm_num_groups", normGroups);
        json.put("norm_eps", normEps);
        json.put("use_linear_projection", linearProjection);
        json.put("flip_sin_to_cos", flipSinToCos);
        json.put("freq_shift", freqShift);
        json.put("upcast_attention", upcastAttention);
        return json;
    }

    private void validate(JsonConfig json, String headsKey) {
        int blocks = blockOutChannels.size();
        if (down.size() != blocks) {
            throw json.unsupported("down_block_types", "a list of " + blocks + " as block_out_channels has");
        }
        if (up.size() != blocks) {
            throw json.unsupported("up_block_types", "a list of " + blocks + " as block_out_channels has");
        }
        for (int i = 0; i < blocks; i++) {
            int channels = blockOutChannels.get(i);
            if (channels % normGroups != 0) {
                throw json.unsupported("block_out_channels", "multiples of norm_num_groups = " + normGroups);
            }
            boolean attends = down.get(i) == BlockKind.CROSS_ATTENTION
                    || up.get(blocks - 1 - i) == BlockKind.CROSS_ATTENTION
                    || i == blocks - 1;     // the mid block
            if (attends && channels % heads.get(i) != 0) {
                throw json.unsupported(headsKey, "a divisor of the " + channels + " channels of block " + i);
            }
        }
    }
}
