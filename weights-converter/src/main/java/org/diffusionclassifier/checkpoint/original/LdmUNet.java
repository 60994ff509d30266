package org.diffusionclassifier.checkpoint.original;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.diffusionclassifier.config.TransformerDepths;
import org.diffusionclassifier.config.UNetConfig.Added;
import org.diffusionclassifier.config.UNetConfig.BlockKind;
import org.diffusionclassifier.config.UNetConfig.MidBlock;
import org.diffusionclassifier.config.UNetConfig;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.tensor.Weights;

/**
 * A UNet in the naming of the original Stable Diffusion code (CompVis latent-diffusion, {@code openaimodel.py}), which
 * numbers the blocks of all levels in one row. With two layers a level, as Stable Diffusion has:
 *
 * <pre>
 *     time_embed.0, 2        time_embedding.linear_1, linear_2
 *     label_emb.0.0, 2       add_embedding.linear_1, linear_2, of SDXL
 *     input_blocks.0.0       conv_in
 *     input_blocks.1, 2      down_blocks.0: in each .0 the resnet and, where the level attends, .1 the transformer
 *     input_blocks.3.0.op    down_blocks.0.downsamplers.0.conv; then level 1, and so on
 *     middle_block.0, 1, 2   mid_block: resnet, transformer, resnet; the resnet alone; or none of them
 *     output_blocks.0, 1, 2  up_blocks.0, at the last level's resolution; its last block ends with the upsampler
 *     out.0, out.2           conv_norm_out, conv_out
 * </pre>
 *
 * Transformers are alike in both namings.
 */
final class LdmUNet extends LdmNetwork {

    private static final int SD1_HEADS = 8;
    private static final int SD2_HEAD_WIDTH = 64;

    /** The embedding of what SDXL adds to the time, and the width that each integer of that has in all SDXL. */
    private static final String ADDED = "label_emb.0";
    private static final int SIZE_WIDTH = 256;

    private static final Map<String, String> RESNET = Map.of(
            "norm1", "in_layers.0", "conv1", "in_layers.2", "time_emb_proj", "emb_layers.1",
            "norm2", "out_layers.0", "conv2", "out_layers.3", "conv_shortcut", "skip_connection");

    private final List<Integer> channels = new ArrayList<>();
    private final List<Integer> layers = new ArrayList<>();
    private final List<BlockKind> down = new ArrayList<>();
    private final List<BlockKind> up = new ArrayList<>();
    private final List<List<Integer>> downDepths = new ArrayList<>();
    private final List<List<Integer>> upDepths = new ArrayList<>();
    /** Where the first transformer is; null for none. */
    private String transformer;

    /**
     * @param file all tensors of the checkpoint
     * @throws InputException if the blocks are incomplete or arranged otherwise
     */
    LdmUNet(Weights file) {
        super(file, "model.diffusion_model");
        put("time_embedding.linear_1", "time_embed.0");
        put("time_embedding.linear_2", "time_embed.2");
        put("conv_in", "input_blocks.0.0");
        putDown();
        put("add_embedding.linear_1", ADDED + ".0");
        put("add_embedding.linear_2", ADDED + ".2");
        put("mid_block.resnets.0", "middle_block.0", RESNET);
        put("mid_block.attentions.0", "middle_block.1");
        put("mid_block.resnets.1", "middle_block.2", RESNET);
        putUp();
        put("conv_norm_out", "out.0");
        put("conv_out", "out.2");
    }

    private void putDown() {
        int blocks = count("input_blocks");
        boolean downsampled = true;     // the next block begins a level
        for (int n = 1; n < blocks; n++) {
            String block = "input_blocks." + n;
            if (has(block + ".0.op.weight") && !downsampled) {
                put("down_blocks." + (channels.size() - 1) + ".downsamplers.0.conv", block + ".0.op");
                downsampled = true;
                continue;
            }
            int width = dim(block + ".0.out_layers.3.weight", 0, 4);
            if (downsampled) {
                channels.add(width);
                layers.add(0);
                down.add(kind(block));
                downDepths.add(new ArrayList<>());
            }
            downsampled = false;
            int level = channels.size() - 1;
            downDepths.get(level).add(putBlock("down_blocks." + level, layers.get(level), block, down.get(level)));
            layers.set(level, layers.get(level) + 1);
        }
        if (downsampled || channels.size() > MAX_LEVELS) {
            throw unsupported("1 to " + MAX_LEVELS + " levels, each of a resnet or more", blocks + " input_blocks");
        }
    }

    private void putUp() {
        int blocks = layers.stream().mapToInt(count -> count + 1).sum();
        if (count("output_blocks") != blocks) {
            throw unsupported(blocks + " output_blocks, as there are " + count("input_blocks") + " input_blocks",
                    count("output_blocks"));
        }
        int n = 0;
        for (int level = channels.size() - 1; level >= 0; level--) {
            String here = "up_blocks." + up.size();
            BlockKind kind = kind("output_blocks." + n);
            var depths = new ArrayList<Integer>();
            for (int layer = 0; layer <= layers.get(level); layer++, n++) {
                depths.add(putBlock(here, layer, "output_blocks." + n, kind));
            }
            if (level > 0) {
                int last = kind == BlockKind.CROSS_ATTENTION ? 2 : 1;
                put(here + ".upsamplers.0.conv", "output_blocks." + (n - 1) + "." + last + ".conv");
            }
            up.add(kind);
            upDepths.add(depths);
        }
    }

    /** @return blocks of its transformer */
    private int putBlock(String level, int layer, String block, BlockKind kind) {
        if (kind(block) != kind) {
            throw unsupported("a transformer in every block of a level or in none", "another in " + block);
        }
        put(level + ".resnets." + layer, block + ".0", RESNET);
        if (kind == BlockKind.CROSS_ATTENTION) {
            put(level + ".attentions." + layer, block + ".1");
            return depth(block + ".1");
        }
        return 0;
    }

    /** Blocks of a transformer. */
    private int depth(String module) {
        int depth = count(module + ".transformer_blocks");
        if (depth < 1) {
            throw unsupported("a block or more in each transformer", "none in " + module);
        }
        transformer = transformer == null ? module : transformer;
        return depth;
    }

    private BlockKind kind(String block) {
        return has(block + ".1.norm.weight") ? BlockKind.CROSS_ATTENTION : BlockKind.PLAIN;
    }

    /** Whether it has what SDXL adds to the embedding of the time. */
    static boolean isXl(Weights file) {
        return file.has("model.diffusion_model." + ADDED + ".0.weight");
    }

    /**
     * The configuration. What tensors do not show is as in all of Stable Diffusion: GroupNorms of 32 groups, and
     * either 8 heads where 1×1 convolutions lead into transformers (1.x) or heads of 64 channels where linear layers
     * do (2.x, SDXL). Whether scores want fp32, as 2.1 says, is not seen either and left false: all devices have them so.
     *
     * @param sampleSize height and width of the latent that the model was trained on, which are not in it
     * @throws InputException if the channels do not fit groups and heads, or there is no transformer
     */
    UNetConfig config(int sampleSize) {
        MidBlock mid = count("middle_block") == 0 ? MidBlock.NONE
                : has("middle_block.1.norm.weight") ? MidBlock.CROSS_ATTENTION : MidBlock.PLAIN;
        int midDepth = mid == MidBlock.CROSS_ATTENTION ? depth("middle_block.1") : 0;
        if (transformer == null) {
            throw unsupported("a transformer", "none");
        }
        boolean linear = rank(transformer + ".proj_in.weight") == 2;
        requireMultiples(channels, linear ? SD2_HEAD_WIDTH : NORM_GROUPS);
        return new UNetConfig(sampleSize,
                dim("input_blocks.0.0.weight", 1, 4),
                dim("out.2.weight", 0, 4),
                channels, down, up, layers,
                linear ? channels.stream().map(width -> width / SD2_HEAD_WIDTH).toList()
                        : Collections.nCopies(channels.size(), SD1_HEADS),
                mid, new TransformerDepths(downDepths, midDepth, upDepths),
                dim(transformer + ".transformer_blocks.0.attn2.to_k.weight", 1, 2),
                NORM_GROUPS, 1e-5f, linear, true, 0, false, 0, added());
    }

    private Added added() {
        String weight = ADDED + ".0.weight";
        if (!has(weight)) {
            return null;
        }
        int text = dim(weight, 1, 2) - Added.SIZES * SIZE_WIDTH;
        if (text < 1) {
            throw unsupported("more than " + Added.SIZES * SIZE_WIDTH + " inputs of " + ADDED, dim(weight, 1, 2));
        }
        return new Added(text, SIZE_WIDTH);
    }
}
