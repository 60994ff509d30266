package org.diffusionclassifier.config;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.diffusionclassifier.tensor.InputException;

/**
 * The shape of a T5 text encoder of version 1.1, from transformers' {@code config.json} (T5Config, whose defaults stand in
 * for missing keys). Keys of the decoder, which is not there, are not looked at.
 *
 * @param vocabSize    tokens known
 * @param width        of the residual stream and of the result
 * @param intermediate width inside an MLP
 * @param layers       encoder layers
 * @param heads        attention heads a layer
 * @param headWidth    channels of a head; all heads together need not be as wide as the stream
 * @param buckets      of distances between tokens, each with a bias of its own
 * @param farthest     the distance from which on all share a bucket
 * @param normEps      ε of every norm
 */
public record T5Config(int vocabSize, int width, int intermediate, int layers, int heads, int headWidth, int buckets,
                       int farthest, float normEps) {

    private static final String CLASS = "T5EncoderModel";
    private static final String GATED = "gated-gelu";

    /** Of the largest, XXL, which Stable Diffusion 3 has. */
    public static T5Config xxl() {
        return new T5Config(32128, 4096, 10240, 24, 64, 64, 32, 128, 1e-6f);
    }

    /** @throws InputException for a value that changes the computation in a way that is not implemented */
    public static T5Config read(Path file) {
        return read(JsonConfig.read(file));
    }

    /** As above, of settings that are read already. */
    public static T5Config read(JsonConfig json) {
        if (json.get("architectures").valueStream().noneMatch(name -> name.asText().equals(CLASS))) {
            throw json.unsupported("architectures", "[\"" + CLASS + "\"]");
        }
        json.require("feed_forward_proj", GATED);
        var config = new T5Config(
                json.integer("vocab_size", 32128),
                json.integer("d_model", 512),
                json.integer("d_ff", 2048),
                json.integer("num_layers", 6),
                json.integer("num_heads", 8),
                json.integer("d_kv", 64),
                json.integer("relative_attention_num_buckets", 32),
                json.integer("relative_attention_max_distance", 128),
                (float) json.positiveNumber("layer_norm_epsilon", 1e-6));
        if (config.buckets < 4 || config.buckets % 4 != 0) {
            throw json.unsupported("relative_attention_num_buckets", "a multiple of 4");
        }
        if (config.farthest <= config.buckets / 4) {
            throw json.unsupported("relative_attention_max_distance", "more than a quarter of the "
                    + config.buckets + " buckets");
        }
        return config;
    }

    /** As {@code config.json} says it, so that {@link #read} gives this again. */
    public Map<String, Object> toTransformers() {
        var json = new LinkedHashMap<String, Object>();
        json.put("architectures", List.of(CLASS));
        json.put("vocab_size", vocabSize);
        json.put("d_model", width);
        json.put("d_ff", intermediate);
        json.put("num_layers", layers);
        json.put("num_heads", heads);
        json.put("d_kv", headWidth);
        json.put("relative_attention_num_buckets", buckets);
        json.put("relative_attention_max_distance", farthest);
        json.put("feed_forward_proj", GATED);
        json.put("layer_norm_epsilon", normEps);
        return json;
    }
}
