package org.diffusionclassifier.checkpoint;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.diffusionclassifier.config.ClipTextConfig.Activation;
import org.diffusionclassifier.config.ClipTextConfig;
import org.diffusionclassifier.config.JsonConfig;
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

    private static final Map<String, Published> MODELS = new LinkedHashMap<>();

    static {
        MODELS.put("sd-1.5", new Published(UNetConfig.stableDiffusion15(), 512, PredictionType.EPSILON,
                new ClipTextConfig(49408, 768, 3072, 12, 12, 77, Activation.QUICK_GELU, 1e-5f)));
        MODELS.put("sd-2-base", new Published(UNetConfig.stableDiffusion2Base(), 512, PredictionType.EPSILON,
                textEncoder2()));
        MODELS.put("sd-2.1", new Published(UNetConfig.stableDiffusion21(), 768, PredictionType.V_PREDICTION,
                textEncoder2()));
    }

    /** What sets one published model apart from the others. */
    private record Published(UNetConfig unet, int imageSize, PredictionType prediction, ClipTextConfig textEncoder) {

        VaeConfig vae() {
            return new VaeConfig(imageSize, 3, 4, List.of(128, 256, 512, 512), 2, 32, 0.18215, true, true);
        }
    }

    private static ClipTextConfig textEncoder2() {
        return new ClipTextConfig(49408, 1024, 4096, 23, 16, 77, Activation.GELU, 1e-5f);
    }

    private final String name;
    private final ModelSpec spec;
    private final Published model;
    private final Map<String, Component> components = new LinkedHashMap<>();

    private RandomModel(String name, ModelSpec spec) {
        this.name = name;
        this.spec = spec;
        this.model = MODELS.get(name);
        put("text_encoder", model.textEncoder.toTransformers(), NetworkTensors.textEncoder(model.textEncoder));
        put(VAE, model.vae().toDiffusers(), NetworkTensors.vae(model.vae()));
        put("unet", model.unet.toDiffusers(), NetworkTensors.unet(model.unet));
    }

    private void put(String component, Map<String, Object> config, List<TensorSpec> tensors) {
        components.put(component, new Component(JsonConfig.of(source() + ": " + component, config),
                () -> weights(tensors)));
    }

    /**
     * Makes one up.
     *
     * @param name sd-1.5, sd-2-base or sd-2.1
     * @param spec what is added to it: LoRAs and embeddings, if anything
     * @throws InputException if there is none of that name
     */
    public static Checkpoint of(String name, ModelSpec spec) {
        if (!MODELS.containsKey(name)) {
            throw new InputException("random model: expected one of " + String.join(", ", MODELS.keySet()) + ", found "
                    + name);
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
                ScheduleConfig.stableDiffusion(model.prediction).toDiffusers());
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
     * a text. Nothing is merged, so that a letter is a token; a sequence is as long as CLIP's.
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
        files.put("tokenizer_config.json", ("{\"model_max_length\": " + model.textEncoder.maxPositions() + "}")
                .getBytes(StandardCharsets.UTF_8));
        return new TokenizerTables(source() + ": " + tokenizer, files);
    }
}
