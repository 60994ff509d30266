package org.diffusionclassifier.checkpoint.original;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.diffusionclassifier.config.VaeConfig;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.tensor.Weights;

/**
 * The encoder of a VAE in the naming of the original Stable Diffusion code (CompVis latent-diffusion,
 * {@code autoencoder.py}), where the attention's projections are 1×1 convolutions. The decoder, which is never run, is
 * hidden.
 */
final class LdmVaeEncoder extends LdmNetwork {

    private static final Map<String, String> RESNET = Map.of("norm1", "norm1", "conv1", "conv1", "norm2", "norm2",
            "conv2", "conv2", "conv_shortcut", "nin_shortcut");
    private static final Map<String, String> ATTENTION = Map.of("group_norm", "norm", "to_q", "q", "to_k", "k",
            "to_v", "v", "to_out.0", "proj_out");

    private final List<Integer> channels = new ArrayList<>();
    private final int layers = count("encoder.down.0.block");

    /**
     * @param file all tensors of the checkpoint
     * @throws InputException if the blocks are incomplete or arranged otherwise
     */
    LdmVaeEncoder(Weights file) {
        super(file, "first_stage_model");
        put("encoder.conv_in", "encoder.conv_in");
        int levels = count("encoder.down");
        if (levels < 1 || levels > MAX_LEVELS) {
            throw unsupported("an encoder of 1 to " + MAX_LEVELS + " levels", levels);
        }
        for (int level = 0; level < levels; level++) {
            putLevel("encoder.down_blocks." + level, "encoder.down." + level);
        }
        put("encoder.mid_block.resnets.0", "encoder.mid.block_1", RESNET);
        put("encoder.mid_block.attentions.0", "encoder.mid.attn_1", ATTENTION);
        put("encoder.mid_block.resnets.1", "encoder.mid.block_2", RESNET);
        put("encoder.conv_norm_out", "encoder.norm_out");
        put("encoder.conv_out", "encoder.conv_out");
        put("quant_conv", "quant_conv");
    }

    private void putLevel(String level, String stored) {
        if (count(stored + ".block") != layers || count(stored + ".attn") != 0) {
            throw unsupported("levels of as many resnets each, and no attention there", "another in " + stored);
        }
        for (int layer = 0; layer < layers; layer++) {
            put(level + ".resnets." + layer, stored + ".block." + layer, RESNET);
        }
        put(level + ".downsamplers.0.conv", stored + ".downsample.conv");
        channels.add(dim(stored + ".block.0.conv2.weight", 0, 4));
    }

    /** The tensors under diffusers' names and shapes. */
    @Override
    Weights weights() {
        return new LegacyVaeWeights(super.weights());
    }

    /**
     * The configuration; 32 groups are those of all of Stable Diffusion.
     *
     * @param imageSize height and width of the images that the model was trained on, which are not in it
     * @param scalingFactor what latents are multiplied by, which is in no tensor either
     * @param shiftFactor what is subtracted from them before, likewise
     * @throws InputException if the channels do not fit the groups
     */
    VaeConfig config(int imageSize, double scalingFactor, double shiftFactor) {
        requireMultiples(channels, NORM_GROUPS);
        return new VaeConfig(imageSize, dim("encoder.conv_in.weight", 1, 4), dim("encoder.conv_out.weight", 0, 4) / 2,
                channels, layers, NORM_GROUPS, scalingFactor, shiftFactor, has("quant_conv.weight"),
                has("encoder.mid.attn_1.norm.weight"));
    }
}
