package org.diffusionclassifier.config;

import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.diffusionclassifier.tensor.InputException;

/**
 * The shape of a Stable Diffusion VAE's encoder, from diffusers' {@code vae/config.json} (AutoencoderKL, whose defaults
 * stand in for missing keys). The decoder is never run, so that its keys are not looked at. Every GroupNorm of the
 * encoder has ε = 1e-6, which the reference fixes.
 *
 * @param sampleSize       height and width of the images that the model was trained on
 * @param inChannels       channels of the image
 * @param latentChannels   channels of the latent's mean, and as many of its log-variance
 * @param blockOutChannels channels that each block puts out; every block but the last halves height and width
 * @param layersPerBlock   resnets a block
 * @param normGroups       groups of every GroupNorm
 * @param scalingFactor    what the latent's mean is multiplied by for the network that predicts
 * @param shiftFactor      what is subtracted from it before
 * @param quantConv        whether a 1×1 convolution follows the encoder
 * @param midAttention     whether the mid block has attention, which is of one head
 */
public record VaeConfig(int sampleSize, int inChannels, int latentChannels, List<Integer> blockOutChannels,
                        int layersPerBlock, int normGroups, double scalingFactor, double shiftFactor,
                        boolean quantConv, boolean midAttention) {

    private static final String DOWN_BLOCK = "DownEncoderBlock2D";

    public VaeConfig {
        blockOutChannels = List.copyOf(blockOutChannels);
    }

    /** Whose latents are not shifted. */
    public VaeConfig(int sampleSize, int inChannels, int latentChannels, List<Integer> blockOutChannels,
                     int layersPerBlock, int normGroups, double scalingFactor, boolean quantConv, boolean midAttention) {
        this(sampleSize, inChannels, latentChannels, blockOutChannels, layersPerBlock, normGroups, scalingFactor, 0,
                quantConv, midAttention);
    }

    /** @throws InputException for a value that changes the computation in a way that is not implemented */
    public static VaeConfig read(Path file) {
        return read(JsonConfig.read(file));
    }

    /** As above, of settings that are read already. */
    public static VaeConfig read(JsonConfig json) {
        json.require("_class_name", "AutoencoderKL");
        json.expect("act_fn", "silu", "swish");
        var config = new VaeConfig(
                json.integer("sample_size", 32),
                json.integer("in_channels", 3),
                json.integer("latent_channels", 4),
                json.integers("block_out_channels", List.of(64)),
                json.integer("layers_per_block", 1),
                json.integer("norm_num_groups", 32),
                json.positiveNumber("scaling_factor", 0.18215),
                json.number("shift_factor", 0),
                json.flag("use_quant_conv", true),
                json.flag("mid_block_add_attention", true));
        int blocks = config.blockOutChannels.size();
        if (json.choices("down_block_types", Map.of(DOWN_BLOCK, DOWN_BLOCK), List.of(DOWN_BLOCK)).size() != blocks) {
            throw json.unsupported("down_block_types", "a list of " + blocks + " as block_out_channels has");
        }
        if (config.blockOutChannels.stream().anyMatch(channels -> channels % config.normGroups != 0)) {
            throw json.unsupported("block_out_channels", "multiples of norm_num_groups = " + config.normGroups);
        }
        json.refuseOthers("out_channels", "up_block_types", "use_post_quant_conv", "force_upcast");
        return config;
    }

    /** As {@code vae/config.json} says it, so that {@link #read} gives this again. */
    public Map<String, Object> toDiffusers() {
        var json = new LinkedHashMap<String, Object>();
        json.put("_class_name", "AutoencoderKL");
        json.put("sample_size", sampleSize);
        json.put("in_channels", inChannels);
        json.put("latent_channels", latentChannels);
        json.put("block_out_channels", blockOutChannels);
        json.put("down_block_types", Collections.nCopies(blockOutChannels.size(), DOWN_BLOCK));
        json.put("layers_per_block", layersPerBlock);
        json.put("norm_num_groups", normGroups);
        json.put("scaling_factor", scalingFactor);
        if (shiftFactor != 0) {
            json.put("shift_factor", shiftFactor);
        }
        json.put("use_quant_conv", quantConv);
        json.put("mid_block_add_attention", midAttention);
        return json;
    }

    /** By what the encoder divides height and width. */
    public int downscale() {
        return 1 << blockOutChannels.size() - 1;
    }
}
