package org.diffusionclassifier.checkpoint;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.diffusionclassifier.config.ClipTextConfig.Activation;
import org.diffusionclassifier.config.ClipTextConfig;
import org.diffusionclassifier.config.JsonConfig;
import org.diffusionclassifier.config.PublishedUNets;
import org.diffusionclassifier.config.ScheduleConfig.PredictionType;
import org.diffusionclassifier.config.ScheduleConfig;
import org.diffusionclassifier.config.TokenizerTables;
import org.diffusionclassifier.config.UNetConfig;
import org.diffusionclassifier.config.VaeConfig;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.tensor.SyntheticWeights;
import org.diffusionclassifier.tensor.Weights;

/**
 * A model with the configuration of a published one and random weights ({@link SyntheticWeights}): it takes
 * the time and the memory of the real one, and its answers mean nothing.
 */
public final class RandomModel implements Checkpoint {

    private static final String TEXT_ENCODER = "text_encoder";
    private static final String SECOND = "_2";

    /** CLIP ViT-L/14's; OpenCLIP ViT-H/14's without its last layer, as Stable Diffusion 2 has it; and ViT-bigG/14's. */
    private static final ClipTextConfig VIT_L =
            new ClipTextConfig(49408, 768, 3072, 12, 12, 77, Activation.QUICK_GELU, 1e-5f);
    private static final ClipTextConfig VIT_H =
            new ClipTextConfig(49408, 1024, 4096, 23, 16, 77, Activation.GELU, 1e-5f);
    private static final ClipTextConfig VIT_BIG_G =
            new ClipTextConfig(49408, 1280, 5120, 32, 20, 77, Activation.GELU, 1e-5f, 1280);

    private static final double SCALING = 0.18215;
    private static final double SCALING_XL = 0.13025;

    private final String name;
    private final ModelSpec spec;
    private final Map<String, Component> components = new LinkedHashMap<>();

    private RandomModel(String name, ModelSpec spec) {
        this.name = name;
        this.spec = spec;
        UNetConfig unet = PublishedUNets.of(name);
        boolean xl = unet.added() != null;
        ClipTextConfig text = unet.crossAttentionDim() == VIT_H.width() ? VIT_H : VIT_L;
        var vae = new VaeConfig(8 * unet.sampleSize(), 3, 4, List.of(128, 256, 512, 512), 2, 32, xl ? SCALING_XL
                : SCALING, true, true);
        put(TEXT_ENCODER, text.toTransformers(), NetworkTensors.textEncoder(text));
        if (xl) {
            put(TEXT_ENCODER + SECOND, VIT_BIG_G.toTransformers(), NetworkTensors.textEncoder(VIT_BIG_G));
        }
        put(VAE, vae.toDiffusers(), NetworkTensors.vae(vae));
        put("unet", unet.toDiffusers(), NetworkTensors.unet(unet));
    }

    private void put(String component, Map<String, Object> config, List<TensorSpec> tensors) {
        components.put(component, new Component(JsonConfig.of(source() + ": " + component, config),
                () -> weights(tensors)));
    }

    /**
     * Makes one up.
     *
     * @param name one of {@link PublishedUNets}
     * @param spec what is added to it: LoRAs and embeddings, if anything
     * @throws InputException if there is none of that name
     */
    public static Checkpoint of(String name, ModelSpec spec) {
        if (!PublishedUNets.names().contains(name)) {
            throw new InputException("random model: expected one of " + String.join(", ", PublishedUNets.names())
                    + ", found " + name);
        }
        spec.refuseCompletion();
        spec.refuseVariant();
        return Checkpoint.decorated(new RandomModel(name, spec), spec);
    }

    @Override
    public String source() {
        return "random " + name;
    }

    @Override
    public ModelSpec spec() {
        return spec;
    }

    @Override
    public Set<String> components() {
        return components.keySet();
    }

    @Override
    public Component component(String component) {
        if (!components.containsKey(component)) {
            throw new InputException(source() + ": expected a model's " + component + ", found none");
        }
        return components.get(component);
    }

    @Override
    public JsonConfig scheduler() {
        return JsonConfig.of(source() + ": " + Layout.SCHEDULER,
                ScheduleConfig.stableDiffusion(name.equals("sd-2.1")
                ? PredictionType.V_PREDICTION : PredictionType.EPSILON).toDiffusers());
    }

    /** Nothing. */
    @Override
    public JsonConfig index() {
        return JsonConfig.of(source(), Map.of());
    }

    /** Of no files. */
    @Override
    public Map<String, Origin> origins(Layout layout) {
        return Map.of(ConvertedFile.SOURCE, Origin.madeUp(source()));
    }

    @Override
    public void close() {
    }

    private static Weights weights(List<TensorSpec> tensors) {
        var weights = new SyntheticWeights();
        tensors.forEach(tensor -> weights.require(tensor.name(),
                tensor.channelsLast().stream().mapToInt(Integer::intValue).toArray()));
        return weights;
    }

    /**
     * Of CLIP's the beginning: the printable characters of ASCII, inside a word and at its end, and the two tokens around
     * a text. Nothing is merged, so that a letter is a token; a sequence is as long as CLIP's. SDXL's second tokenizer pads
     * with token 0.
     */
    @Override
    public TokenizerTables tokenizer(String tokenizer) {
        var vocabulary = new StringBuilder("{");
        int id = 0;
        for (String end : List.of("", "</w>")) {
            for (char c = '!'; c <= '~'; c++) {
                String escaped = c == '"' || c == '\\' ? "\\" + c : String.valueOf(c);
                vocabulary.append('"').append(escaped).append(end).append("\": ").append(id++).append(", ");
            }
        }
        vocabulary.append("\"<|startoftext|>\": ").append(id).append(", \"<|endoftext|>\": ").append(id + 1).append('}');
        var files = new LinkedHashMap<String, byte[]>();
        files.put("vocab.json", vocabulary.toString().getBytes(StandardCharsets.UTF_8));
        files.put("merges.txt", "#version: 0.2\n".getBytes(StandardCharsets.UTF_8));
        files.put("tokenizer_config.json", ("{\"model_max_length\": " + VIT_L.maxPositions()
                + (tokenizer.endsWith(SECOND) ? ", \"pad_token\": \"!\"}" : "}")).getBytes(StandardCharsets.UTF_8));
        return new TokenizerTables(source() + ": " + tokenizer, files);
    }
}
