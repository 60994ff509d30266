package org.diffusionclassifier.config;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.diffusionclassifier.tensor.InputException;

/**
 * The shape of a diffusion transformer, from diffusers' {@code transformer/config.json} (DiTTransformer2DModel, whose
 * defaults stand in for missing keys). Its timestep enters as 256 sines and cosines, its MLPs are four times as wide
 * as it is; neither is in the file.
 *
 * @param sampleSize  height and width of the latent that the model was trained on
 * @param inChannels  channels of the noisy latent
 * @param outChannels channels of the prediction: as many, or twice as many where the model predicts variances too
 * @param patchSize   height and width of a patch of the latent, which is one token
 * @param layers      transformer blocks
 * @param heads       attention heads a block
 * @param headWidth   channels of a head
 * @param labels      classes; the table of labels has one row more, for none
 * @param mlpNormEps  ε of the LayerNorm before each MLP (all others have 1e-6)
 * @param freqShift   what is subtracted from half the timestep embedding's width in its frequencies' divisor: 0 in the
 *                    original implementation, 1 in diffusers
 */
public record DitConfig(int sampleSize, int inChannels, int outChannels, int patchSize, int layers, int heads,
                        int headWidth, int labels, float mlpNormEps, float freqShift) {

    private static final String NORM_TYPE = "ada_norm_zero";
    private static final String ACTIVATION = "gelu-approximate";

    // Far above any real network's, and small enough that the multiples which networks take stay within an int.
    private static final int MOST_LAYERS = 1000;
    private static final int MOST_PATCH_SIZE = 16;
    private static final int MOST_GRID = 512;
    private static final int MOST_WIDTH = 65_536;

    /** DiT-XL/2 for images of 256², as published with its weights. */
    public static DitConfig xl2() {
        return new DitConfig(32, 4, 8, 2, 28, 16, 72, 1000, 1e-6f, 0);
    }

    /** @throws InputException for a value that changes the computation in a way that is not implemented */
    public static DitConfig read(Path file) {
        return read(JsonConfig.read(file));
    }

    /** As above, of settings that are read already. */
    public static DitConfig read(JsonConfig json) {
        json.expect("_class_name", "DiTTransformer2DModel", "Transformer2DModel");
        // Transformer2DModel is other networks, too; these are what sets this one apart.
        json.require("norm_type", NORM_TYPE);
        json.expect("activation_fn", ACTIVATION);
        if (!json.flag("attention_bias", true)) {
            throw json.unsupported("attention_bias", "true");
        }
        if (json.flag("norm_elementwise_affine", false)) {
            throw json.unsupported("norm_elementwise_affine", "false");
        }
        int inChannels = json.integer("in_channels", 4);
        var config = new DitConfig(
                json.integer("sample_size", 32),
                inChannels,
                json.integer("out_channels", inChannels),
                json.integer("patch_size", 2),
                json.integer("num_layers", 28),
                json.integer("num_attention_heads", 16),
                json.integer("attention_head_dim", 72),
                json.integer("num_embeds_ada_norm", 1000),
                (float) json.positiveNumber("norm_eps", 1e-5),
                (float) json.number("freq_shift", 1));
        json.refuseOthers("norm_num_groups", "dropout", "upcast_attention");
        if (config.freqShift != 0 && config.freqShift != 1) {
            throw json.unsupported("freq_shift", "0 or 1");
        }
        if (config.layers > MOST_LAYERS) {
            throw json.unsupported("num_layers", "at most " + MOST_LAYERS);
        }
        if (config.patchSize > MOST_PATCH_SIZE) {
            throw json.unsupported("patch_size", "at most " + MOST_PATCH_SIZE);
        }
        if (config.sampleSize % config.patchSize != 0 || config.grid() > MOST_GRID) {
            throw json.unsupported("sample_size", "a multiple of patch_size = " + config.patchSize + ", up to "
                    + MOST_GRID + " times as large");
        }
        if ((long) config.heads * config.headWidth > MOST_WIDTH || config.width() % 4 != 0) {
            throw json.unsupported("attention_head_dim", "a width of a multiple of 4, up to " + MOST_WIDTH
                    + ", with num_attention_heads = " + config.heads);
        }
        if (config.outChannels != config.inChannels && config.outChannels != 2 * config.inChannels) {
            throw json.unsupported("out_channels", config.inChannels + " as in_channels, or twice as many");
        }
        return config;
    }

    /**
     * As {@code transformer/config.json} says it, so that {@link #read} gives this again, with a key for what diffusers
     * has no choice of: {@code freq_shift}, as it is called elsewhere there.
     */
    public Map<String, Object> toDiffusers() {
        var json = new LinkedHashMap<String, Object>();
        json.put("_class_name", "DiTTransformer2DModel");
        json.put("sample_size", sampleSize);
        json.put("in_channels", inChannels);
        json.put("out_channels", outChannels);
        json.put("patch_size", patchSize);
        json.put("num_layers", layers);
        json.put("num_attention_heads", heads);
        json.put("attention_head_dim", headWidth);
        json.put("num_embeds_ada_norm", labels);
        json.put("norm_type", NORM_TYPE);
        json.put("norm_eps", mlpNormEps);
        json.put("activation_fn", ACTIVATION);
        json.put("freq_shift", freqShift);
        return json;
    }

    /** Channels of a token. */
    public int width() {
        return heads * headWidth;
    }

    /** Patches in a row or a column of the latent. */
    public int grid() {
        return sampleSize / patchSize;
    }

    /** Whether the model says how sure it is of its prediction. */
    public boolean predictsVariance() {
        return outChannels == 2 * inChannels;
    }
}
