package org.diffusionclassifier.config;

import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.diffusionclassifier.tensor.InputException;

/**
 * The shape of Stable Diffusion 3's transformer, from diffusers' {@code transformer/config.json} (SD3Transformer2DModel,
 * whose defaults stand in for missing keys). Its time enters as 256 sines and cosines, its MLPs are four times as wide as
 * it is, and its layer norms have ε = 1e-6; none of that is in the file.
 *
 * @param sampleSize      height and width of the latent that the model was trained on
 * @param inChannels      channels of the noisy latent
 * @param outChannels     channels of the prediction
 * @param patchSize       height and width of a patch of the latent, which is one token
 * @param layers          blocks
 * @param heads           attention heads a block
 * @param headWidth       channels of a head
 * @param contextWidth    of the encoded caption's tokens
 * @param vectorWidth     of the encoded caption's vector
 * @param positions       patches in a row or column of the table of positions, whose centre is used
 * @param normalised      whether queries and keys are RMS-normalised, head by head, with ε = 1e-6
 * @param dualLayers      the blocks whose image tokens have a second attention among themselves
 */
public record MmditConfig(int sampleSize, int inChannels, int outChannels, int patchSize, int layers, int heads,
                          int headWidth, int contextWidth, int vectorWidth, int positions, boolean normalised,
                          List<Integer> dualLayers) {

    private static final String CLASS = "SD3Transformer2DModel";
    private static final String RMS_NORM = "rms_norm";

    // Far above any real network's, and small enough that the multiples which networks take stay within an int.
    private static final int MOST_LAYERS = 1000;
    private static final int MOST_PATCH_SIZE = 16;
    private static final int MOST_POSITIONS = 1024;
    private static final int MOST_WIDTH = 65_536;

    private static final Map<String, MmditConfig> PUBLISHED = new LinkedHashMap<>();

    static {
        PUBLISHED.put("sd3-medium", new MmditConfig(128, 16, 16, 2, 24, 24, 64, 4096, 2048, 192, false, List.of()));
        PUBLISHED.put("sd3.5-medium", new MmditConfig(128, 16, 16, 2, 24, 24, 64, 4096, 2048, 384, true,
                IntStream.range(0, 13).boxed().toList()));
        PUBLISHED.put("sd3.5-large", new MmditConfig(128, 16, 16, 2, 38, 38, 64, 4096, 2048, 192, true, List.of()));
    }

    public MmditConfig {
        dualLayers = List.copyOf(dualLayers);
    }

    /** Of Stable Diffusion 3 medium, 3.5 medium and 3.5 large, by {@code sd3-medium} and so on; null for another name. */
    public static MmditConfig published(String name) {
        return PUBLISHED.get(name);
    }

    /** The names that {@link #published} knows. */
    public static List<String> publishedNames() {
        return List.copyOf(PUBLISHED.keySet());
    }

    /** @throws InputException for a value that changes the computation in a way that is not implemented */
    public static MmditConfig read(Path file) {
        return read(JsonConfig.read(file));
    }

    /** As above, of settings that are read already. */
    public static MmditConfig read(JsonConfig json) {
        json.require("_class_name", CLASS);
        json.expect("qk_norm", RMS_NORM);
        int heads = json.integer("num_attention_heads", 18);
        int headWidth = json.integer("attention_head_dim", 64);
        var config = new MmditConfig(
                json.integer("sample_size", 128),
                json.integer("in_channels", 16),
                json.integer("out_channels", 16),
                json.integer("patch_size", 2),
                json.integer("num_layers", 18),
                heads,
                headWidth,
                json.integer("joint_attention_dim", 4096),
                json.integer("pooled_projection_dim", 2048),
                json.integer("pos_embed_max_size", 96),
                !JsonConfig.isOff(json.get("qk_norm")),
                JsonConfig.isOff(json.get("dual_attention_layers")) || json.get("dual_attention_layers").isEmpty() ? List.of()
                        : json.numbers("dual_attention_layers").stream().map(Double::intValue).toList());
        int captionWidth = json.integer("caption_projection_dim", config.width());
        json.refuseOthers();
        if (config.layers > MOST_LAYERS) {
            throw json.unsupported("num_layers", "at most " + MOST_LAYERS);
        }
        if (config.patchSize > MOST_PATCH_SIZE) {
            throw json.unsupported("patch_size", "at most " + MOST_PATCH_SIZE);
        }
        if (config.positions > MOST_POSITIONS) {
            throw json.unsupported("pos_embed_max_size", "at most " + MOST_POSITIONS);
        }
        if (config.sampleSize % config.patchSize != 0 || config.grid() > config.positions) {
            throw json.unsupported("sample_size", "a multiple of patch_size = " + config.patchSize
                    + ", up to pos_embed_max_size = " + config.positions + " times as large");
        }
        if ((long) heads * headWidth > MOST_WIDTH) {
            throw json.unsupported("attention_head_dim", "a width of up to " + MOST_WIDTH + ", with num_attention_heads = "
                    + heads);
        }
        if (captionWidth != config.width()) {
            throw json.unsupported("caption_projection_dim", config.width() + ", the width of the transformer");
        }
        if (config.outChannels != config.inChannels) {
            throw json.unsupported("out_channels", config.inChannels + " as in_channels");
        }
        if (config.dualLayers.stream().anyMatch(layer -> layer < 0 || layer >= config.layers)) {
            throw json.unsupported("dual_attention_layers", "numbers of blocks from 0 to " + (config.layers - 1));
        }
        return config;
    }

    /** As {@code transformer/config.json} says it, so that {@link #read} gives this again. */
    public Map<String, Object> toDiffusers() {
        var json = new LinkedHashMap<String, Object>();
        json.put("_class_name", CLASS);
        json.put("sample_size", sampleSize);
        json.put("in_channels", inChannels);
        json.put("out_channels", outChannels);
        json.put("patch_size", patchSize);
        json.put("num_layers", layers);
        json.put("num_attention_heads", heads);
        json.put("attention_head_dim", headWidth);
        json.put("joint_attention_dim", contextWidth);
        json.put("caption_projection_dim", width());
        json.put("pooled_projection_dim", vectorWidth);
        json.put("pos_embed_max_size", positions);
        json.put("dual_attention_layers", dualLayers);
        if (normalised) {
            json.put("qk_norm", RMS_NORM);
        }
        return Collections.unmodifiableMap(json);
    }

    /** The same for latents of another size, which the table of positions has room for. */
    public MmditConfig withSampleSize(int size) {
        return new MmditConfig(size, inChannels, outChannels, patchSize, layers, heads, headWidth, contextWidth, vectorWidth,
                positions, normalised, dualLayers);
    }

    /** Channels of a token. */
    public int width() {
        return heads * headWidth;
    }

    /** Patches in a row or a column of the latent. */
    public int grid() {
        return sampleSize / patchSize;
    }

    /** Whether a block's caption tokens end in it: the last block's do, as only the image's are decoded. */
    public boolean isLast(int block) {
        return block == layers - 1;
    }
}
