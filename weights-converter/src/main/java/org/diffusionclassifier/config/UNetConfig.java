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
 * @param midBlock          what is between the way down and the way up
 * @param depths            transformer blocks after each resnet
 * @param crossAttentionDim width of the context that cross-attention looks at
 * @param normGroups        groups of every GroupNorm
 * @param normEps           ε of the resnets' and the last GroupNorm (a transformer's GroupNorm has 1e-6)
 * @param linearProjection  whether transformers project in and out by a linear layer rather than a 1×1 convolution
 * @param flipSinToCos      whether the timestep embedding is [cos, sin] rather than [sin, cos]
 * @param freqShift         what is subtracted from half the timestep embedding's width in its frequencies' divisor
 * @param upcastAttention   whether attention scores want fp32
 * @param guidanceWidth     width of the embedding of a guidance scale, which a model distilled from a guided one is
 *                          conditioned on; 0 for none
 * @param added             what is added to the embedding of the time; null for nothing
 */
public record UNetConfig(int sampleSize, int inChannels, int outChannels, List<Integer> blockOutChannels,
                         List<BlockKind> down, List<BlockKind> up, List<Integer> layersPerBlock, List<Integer> heads,
                         MidBlock midBlock, TransformerDepths depths, int crossAttentionDim, int normGroups,
                         float normEps, boolean linearProjection, boolean flipSinToCos, float freqShift,
                         boolean upcastAttention, int guidanceWidth, Added added) {

    /** Whether a block has transformers after its resnets. */
    public enum BlockKind { CROSS_ATTENTION, PLAIN }

    private static final Map<String, BlockKind> DOWN_BLOCKS =
            Map.of("CrossAttnDownBlock2D", BlockKind.CROSS_ATTENTION, "DownBlock2D", BlockKind.PLAIN);
    private static final Map<String, BlockKind> UP_BLOCKS =
            Map.of("CrossAttnUpBlock2D", BlockKind.CROSS_ATTENTION, "UpBlock2D", BlockKind.PLAIN);

    /** CROSS_ATTENTION: a resnet, a transformer, a resnet; PLAIN: one resnet; NONE: nothing. */
    public enum MidBlock { CROSS_ATTENTION, PLAIN, NONE }

    /**
     * What SDXL adds to the embedding of the time: a vector of the caption, and the sines and cosines of {@link #SIZES}
     * integers, the size and crop of a training image. ({@code addition_embed_type: text_time}.)
     *
     * @param textWidth of the caption's vector
     * @param sizeWidth of the embedding of each integer
     */
    public record Added(int textWidth, int sizeWidth) {

        /** Original height and width, top and left of the crop, target height and width. */
        public static final int SIZES = 6;

        /** Of all side by side. */
        public int width() {
            return textWidth + SIZES * sizeWidth;
        }
    }

    private static final Map<String, MidBlock> MID_BLOCKS =
            Map.of("UNetMidBlock2DCrossAttn", MidBlock.CROSS_ATTENTION, "UNetMidBlock2D", MidBlock.PLAIN);
    private static final String MID_BLOCK = "mid_block_type";
    private static final String ADDED = "addition_embed_type";
    private static final String TEXT_TIME = "text_time";

    public UNetConfig {
        blockOutChannels = List.copyOf(blockOutChannels);
        down = List.copyOf(down);
        up = List.copyOf(up);
        layersPerBlock = List.copyOf(layersPerBlock);
        heads = List.copyOf(heads);
    }

    /**
     * As all of Stable Diffusion 1.x and 2.x: with a mid block, as many transformer blocks behind every resnet of a
     * level, and nothing added to the time.
     *
     * @param transformerLayers transformer blocks after each resnet by level; the last one is the mid block's, too
     */
    public UNetConfig(int sampleSize, int inChannels, int outChannels, List<Integer> blockOutChannels,
                      List<BlockKind> down, List<BlockKind> up, List<Integer> layersPerBlock, List<Integer> heads,
                      List<Integer> transformerLayers, int crossAttentionDim, int normGroups, float normEps,
                      boolean linearProjection, boolean flipSinToCos, float freqShift, boolean upcastAttention) {
        this(sampleSize, inChannels, outChannels, blockOutChannels, down, up, layersPerBlock, heads,
                MidBlock.CROSS_ATTENTION,
                TransformerDepths.ofLevels(transformerLayers, down, up, layersPerBlock, MidBlock.CROSS_ATTENTION),
                crossAttentionDim, normGroups, normEps, linearProjection, flipSinToCos, freqShift, upcastAttention, 0,
                null);
    }

    /** @throws InputException for a value that changes the computation in a way that is not implemented */
    public static UNetConfig read(Path file) {
        return read(JsonConfig.read(file));
    }

    /** As above, of settings that are read already. */
    public static UNetConfig read(JsonConfig json) {
        json.require("_class_name", "UNet2DConditionModel");
        json.expect("act_fn", "silu", "swish");
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
        List<BlockKind> down = json.choices("down_block_types", DOWN_BLOCKS, List.of(BlockKind.CROSS_ATTENTION,
                BlockKind.CROSS_ATTENTION, BlockKind.CROSS_ATTENTION, BlockKind.PLAIN));
        List<BlockKind> up = json.choices("up_block_types", UP_BLOCKS, List.of(BlockKind.PLAIN,
                BlockKind.CROSS_ATTENTION, BlockKind.CROSS_ATTENTION, BlockKind.CROSS_ATTENTION));
        requireLevels(json, "down_block_types", down, blocks);
        requireLevels(json, "up_block_types", up, blocks);
        List<Integer> layers = json.integerPerBlock("layers_per_block", 2, blocks);
        MidBlock mid = json.get(MID_BLOCK).isNull() ? MidBlock.NONE         // which is not the default
                : json.choice(MID_BLOCK, MID_BLOCKS, MidBlock.CROSS_ATTENTION);
        String headsKey = JsonConfig.isOff(json.get("num_attention_heads")) ? "attention_head_dim"
                : "num_attention_heads";
        var config = new UNetConfig(
                json.integer("sample_size"),
                json.integer("in_channels", 4),
                json.integer("out_channels", 4),
                channels,
                down,
                up,
                layers,
                json.integerPerBlock(headsKey, 8, blocks),
                mid,
                TransformerDepths.read(json, down, up, layers, mid),
                json.integer("cross_attention_dim", 1280),
                json.integer("norm_num_groups", 32),
                (float) json.positiveNumber("norm_eps", 1e-5),
                json.flag("use_linear_projection", false),
                json.flag("flip_sin_to_cos", true),
                (float) json.number("freq_shift", 0),
                json.flag("upcast_attention", false),
                JsonConfig.isOff(json.get("time_cond_proj_dim")) ? 0 : json.integer("time_cond_proj_dim"),
                added(json));
        json.refuseOthers("attention_head_dim", "addition_embed_type_num_heads", "dropout");
        config.validate(json, headsKey);
        return config;
    }

    private static Added added(JsonConfig json) {
        if (JsonConfig.isOff(json.get(ADDED))) {
            return null;
        }
        json.expect(ADDED, TEXT_TIME);
        int sizeWidth = json.integer("addition_time_embed_dim");
        int textWidth = json.integer("projection_class_embeddings_input_dim") - Added.SIZES * sizeWidth;
        if (sizeWidth % 2 != 0 || textWidth < 1) {
            throw json.unsupported("projection_class_embeddings_input_dim", "more than " + Added.SIZES
                    + " times addition_time_embed_dim = " + sizeWidth + ", which is even");
        }
        return new Added(textWidth, sizeWidth);
    }

    private static void requireLevels(JsonConfig json, String key, List<BlockKind> kinds, int blocks) {
        if (kinds.size() != blocks) {
            throw json.unsupported(key, "a list of " + blocks + " as block_out_channels has");
        }
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
        json.put(MID_BLOCK, midBlock == MidBlock.NONE ? null : JsonConfig.nameOf(midBlock, MID_BLOCKS));
        depths.toDiffusers(json);
        json.put("cross_attention_dim", crossAttentionDim);
        json.put("norm_num_groups", normGroups);
        json.put("norm_eps", normEps);
        json.put("use_linear_projection", linearProjection);
        json.put("flip_sin_to_cos", flipSinToCos);
        json.put("freq_shift", freqShift);
        json.put("upcast_attention", upcastAttention);
        if (guidanceWidth > 0) {
            json.put("time_cond_proj_dim", guidanceWidth);
        }
        if (added != null) {
            json.put(ADDED, TEXT_TIME);
            json.put("addition_time_embed_dim", added.sizeWidth);
            json.put("projection_class_embeddings_input_dim", added.width());
        }
        return json;
    }

    private void validate(JsonConfig json, String headsKey) {
        int blocks = blockOutChannels.size();
        for (int i = 0; i < blocks; i++) {
            int channels = blockOutChannels.get(i);
            if (channels % normGroups != 0) {
                throw json.unsupported("block_out_channels", "multiples of norm_num_groups = " + normGroups);
            }
            boolean attends = down.get(i) == BlockKind.CROSS_ATTENTION
                    || up.get(blocks - 1 - i) == BlockKind.CROSS_ATTENTION
                    || i == blocks - 1 && midBlock == MidBlock.CROSS_ATTENTION;
            if (attends && channels % heads.get(i) != 0) {
                throw json.unsupported(headsKey, "a divisor of the " + channels + " channels of block " + i);
            }
        }
    }
}
