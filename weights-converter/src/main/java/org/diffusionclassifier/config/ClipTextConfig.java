package org.diffusionclassifier.config;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.diffusionclassifier.tensor.InputException;

/**
 * The shape of a CLIP text encoder, from transformers' {@code text_encoder/config.json} (CLIPTextConfig, whose defaults
 * stand in for missing keys). Keys beyond these concern training, pooling or generation and are not looked at.
 *
 * @param vocabSize    tokens known
 * @param width        of the residual stream and of the result
 * @param intermediate width inside an MLP
 * @param layers       transformer layers
 * @param heads        attention heads a layer
 * @param maxPositions tokens a text has at most, padding included
 * @param activation   of the MLPs
 * @param normEps      ε of every LayerNorm
 * @param projection   width of the projection of the end token's state; 0 for an encoder without one
 */
public record ClipTextConfig(int vocabSize, int width, int intermediate, int layers, int heads, int maxPositions,
                             Activation activation, float normEps, int projection) {

    /** QUICK_GELU is x·σ(1.702 x), GELU is x·Φ(x). */
    public enum Activation { QUICK_GELU, GELU }

    private static final Map<String, Activation> ACTIVATIONS =
            Map.of("quick_gelu", Activation.QUICK_GELU, "gelu", Activation.GELU);

    private static final String PLAIN = "CLIPTextModel";
    private static final String PROJECTING = "CLIPTextModelWithProjection";

    /** Without a projection. */
    public ClipTextConfig(int vocabSize, int width, int intermediate, int layers, int heads, int maxPositions,
                          Activation activation, float normEps) {
        this(vocabSize, width, intermediate, layers, heads, maxPositions, activation, normEps, 0);
    }

    /** @throws InputException for a value that changes the computation in a way that is not implemented */
    public static ClipTextConfig read(Path file) {
        return read(JsonConfig.read(file));
    }

    /** As above, of settings that are read already. */
    public static ClipTextConfig read(JsonConfig json) {
        List<String> architectures = json.get("architectures").valueStream().map(JsonNode::textValue).toList();
        boolean projects = architectures.contains(PROJECTING);
        if (!projects && !architectures.contains(PLAIN)) {
            throw json.unsupported("architectures", "[\"" + PLAIN + "\"] or [\"" + PROJECTING + "\"]");
        }
        var config = new ClipTextConfig(
                json.integer("vocab_size", 49408),
                json.integer("hidden_size", 512),
                json.integer("intermediate_size", 2048),
                json.integer("num_hidden_layers", 12),
                json.integer("num_attention_heads", 8),
                json.integer("max_position_embeddings", 77),
                json.choice("hidden_act", ACTIVATIONS, Activation.QUICK_GELU),
                (float) json.positiveNumber("layer_norm_eps", 1e-5),
                projects ? json.integer("projection_dim", 512) : 0);
        if (config.width % config.heads != 0) {
            throw json.unsupported("hidden_size", "a multiple of num_attention_heads = " + config.heads);
        }
        return config;
    }

    /** As {@code text_encoder/config.json} says it, so that {@link #read} gives this again. */
    public Map<String, Object> toTransformers() {
        var json = new LinkedHashMap<String, Object>();
        json.put("architectures", List.of(projection > 0 ? PROJECTING : PLAIN));
        json.put("vocab_size", vocabSize);
        json.put("hidden_size", width);
        json.put("intermediate_size", intermediate);
        json.put("num_hidden_layers", layers);
        json.put("num_attention_heads", heads);
        json.put("max_position_embeddings", maxPositions);
        json.put("hidden_act", JsonConfig.nameOf(activation, ACTIVATIONS));
        json.put("layer_norm_eps", normEps);
        if (projection > 0) {
            json.put("projection_dim", projection);
        }
        return json;
    }
}
