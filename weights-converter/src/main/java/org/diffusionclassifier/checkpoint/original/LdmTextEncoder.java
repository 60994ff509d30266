package org.diffusionclassifier.checkpoint.original;

import java.util.List;
import java.util.Map;
import org.diffusionclassifier.checkpoint.original.RenamedWeights.Stored;
import org.diffusionclassifier.config.ClipTextConfig.Activation;
import org.diffusionclassifier.config.ClipTextConfig;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.tensor.Weights;

/**
 * A text encoder of an original Stable Diffusion checkpoint.
 *
 * <p>1.x keeps CLIP's as transformers names it. 2.x keeps OpenCLIP's, in which a self-attention's queries, keys and
 * values are one packed matrix, and looks at the output of the last layer but one (then normed): its last layer is
 * never run, and hidden here. SDXL has both, the second whole, with its projection.
 */
final class LdmTextEncoder extends LdmNetwork {

    /** Channels a head, which tensors do not show: of every CLIP. */
    private static final int HEAD_WIDTH = 64;

    /** Layers of ViT-H's text encoder but the last, which a file saved back from diffusers has lost. */
    private static final int VIT_H_LAYERS_RUN = 23;

    private static final String CLIP = "cond_stage_model.transformer";
    private static final String OPEN_CLIP = "cond_stage_model.model";
    private static final String XL_CLIP = "conditioner.embedders.0.transformer.text_model";
    private static final String XL_OPEN_CLIP = "conditioner.embedders.1.model";
    private static final String PROJECTION = "text_projection";

    private static final Map<String, String> RESBLOCK = Map.of("layer_norm1", "ln_1", "layer_norm2", "ln_2",
            "self_attn.out_proj", "attn.out_proj", "mlp.fc1", "mlp.c_fc", "mlp.fc2", "mlp.c_proj");
    private static final List<String> PACKED = List.of("q_proj", "k_proj", "v_proj");

    private final boolean openClip;
    /** Whether it has a projection of the end token. */
    private final boolean projects;
    private final int layers;

    /**
     * @param file all tensors of the checkpoint
     * @throws InputException if it has no layers that are known
     */
    LdmTextEncoder(Weights file) {
        this(file, prefix(file), false);
    }

    /** SDXL's first. */
    static LdmTextEncoder firstOfXl(Weights file) {
        return new LdmTextEncoder(file, XL_CLIP, true);
    }

    /** SDXL's second. */
    static LdmTextEncoder secondOfXl(Weights file) {
        return new LdmTextEncoder(file, XL_OPEN_CLIP, true);
    }

    private LdmTextEncoder(Weights file, String prefix, boolean whole) {
        super(file, prefix);
        openClip = has("token_embedding.weight");
        projects = openClip && whole;
        if (openClip) {
            int stored = count("transformer.resblocks");
            layers = whole || stored == VIT_H_LAYERS_RUN ? stored : stored - 1;
            putOpenClip();
        } else {
            layers = count("encoder.layers");
            List.of("embeddings", "encoder", "final_layer_norm").forEach(module -> put(module, module));
        }
        if (layers < 1) {
            throw unsupported("layers of CLIP's (encoder.layers) or of OpenCLIP's (transformer.resblocks)", "none");
        }
    }

    /** Some tools leave out text_model. */
    private static String prefix(Weights file) {
        return file.has(OPEN_CLIP + ".token_embedding.weight") ? OPEN_CLIP
                : file.has(CLIP + ".final_layer_norm.weight") ? CLIP
                : CLIP + ".text_model";
    }

    private void putOpenClip() {
        put("embeddings.token_embedding", "token_embedding");
        put("embeddings.position_embedding.weight", "positional_embedding");
        for (int i = 0; i < layers; i++) {
            String layer = "encoder.layers." + i;
            String block = "transformer.resblocks." + i;
            put(layer, block, RESBLOCK);
            for (int part = 0; part < PACKED.size(); part++) {
                for (String kind : List.of("weight", "bias")) {
                    put(layer + ".self_attn." + PACKED.get(part) + "." + kind,
                            new Stored(block + ".attn.in_proj_" + kind, part, PACKED.size()));
                }
            }
        }
        put("final_layer_norm", "ln_final");
        if (projects) {
            put(PROJECTION + ".weight", PROJECTION);
        }
    }

    /** The tensors under transformers' names; a projection's rows are its outputs there, and its inputs in the file. */
    @Override
    Weights weights() {
        return projects ? new TransposedMatrix(super.weights(), PROJECTION + ".weight") : super.weights();
    }

    /**
     * The configuration. What tensors do not show is as in all of CLIP: heads of 64 channels; the approximate GELU in
     * OpenAI's (1.x), the exact one in OpenCLIP's (2.x).
     *
     * @throws InputException if a tensor that shows a size is missing, or the width does not fit the heads
     */
    ClipTextConfig config() {
        String tokens = openClip ? "token_embedding.weight" : "embeddings.token_embedding.weight";
        String positions = openClip ? "positional_embedding" : "embeddings.position_embedding.weight";
        String widen = openClip ? "transformer.resblocks.0.mlp.c_fc.weight" : "encoder.layers.0.mlp.fc1.weight";
        int width = dim(tokens, 1, 2);
        requireMultiples(List.of(width), HEAD_WIDTH);
        return new ClipTextConfig(dim(tokens, 0, 2), width, dim(widen, 0, 2), layers, width / HEAD_WIDTH,
                dim(positions, 0, 2), openClip ? Activation.GELU : Activation.QUICK_GELU, 1e-5f,
                projects ? dim(PROJECTION, 1, 2) : 0);
    }
}
