package org.diffusionclassifier.checkpoint;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.diffusionclassifier.checkpoint.NetworkTensors.Tensor;
import org.diffusionclassifier.config.ClipTextConfig.Activation;
import org.diffusionclassifier.config.ClipTextConfig;
import org.diffusionclassifier.config.ScheduleConfig.PredictionType;
import org.diffusionclassifier.config.ScheduleConfig;
import org.diffusionclassifier.config.StableDiffusionConfig;
import org.diffusionclassifier.config.TokenizerTables;
import org.diffusionclassifier.config.UNetConfig;
import org.diffusionclassifier.config.VaeConfig;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.tensor.SyntheticWeights;
import org.diffusionclassifier.tensor.Weights;

/**
 * A model with the configuration of a published one and weights that nobody trained ({@link SyntheticWeights}): it takes
 * the time and the memory of the real one, and its answers mean nothing.
 */
public final class RandomModel implements ModelSource {

    private static final Map<String, Supplier<RandomModel>> MODELS = new LinkedHashMap<>();

    static {
        MODELS.put("sd-1.5", () -> new RandomModel("sd-1.5", UNetConfig.stableDiffusion15(), 512,
                PredictionType.EPSILON,
                new ClipTextConfig(49408, 768, 3072, 12, 12, 77, Activation.QUICK_GELU, 1e-5f)));
        MODELS.put("sd-2-base", () -> new RandomModel("sd-2-base", UNetConfig.stableDiffusion2Base(), 512,
                PredictionType.EPSILON, textEncoder2()));
        MODELS.put("sd-2.1", () -> new RandomModel("sd-2.1", UNetConfig.stableDiffusion21(), 768,
                PredictionType.V_PREDICTION, textEncoder2()));
    }

    private static ClipTextConfig textEncoder2() {
        return new ClipTextConfig(49408, 1024, 4096, 23, 16, 77, Activation.GELU, 1e-5f);
    }

    private final String name;
    private final StableDiffusionConfig config;

    private RandomModel(String name, UNetConfig unet, int imageSize, PredictionType prediction,
                        ClipTextConfig textEncoder) {
        this.name = name;
        this.config = new StableDiffusionConfig(unet,
                new VaeConfig(imageSize, 3, 4, List.of(128, 256, 512, 512), 2, 32, 0.18215, true, true), textEncoder,
                ScheduleConfig.stableDiffusion(prediction));
    }

    /** @throws InputException if there is none of that name: sd-1.5, sd-2-base, sd-2.1 */
    public static RandomModel of(String name) {
        if (!MODELS.containsKey(name)) {
            throw new InputException("random model: expected one of " + String.join(", ", MODELS.keySet()) + ", found "
                    + name);
        }
        return MODELS.get(name).get();
    }

    /** Of no files. */
    @Override
    public Origin origin() {
        return Origin.madeUp("random " + name);
    }

    @Override
    public StableDiffusionConfig config() {
        return config;
    }

    @Override
    public Weights unetWeights() {
        return weights(NetworkTensors.unet(unet()));
    }

    @Override
    public Weights vaeWeights() {
        return weights(NetworkTensors.vae(vae()));
    }

    @Override
    public Weights textEncoderWeights() {
        return weights(NetworkTensors.textEncoder(textEncoder()));
    }

    private static Weights weights(List<Tensor> tensors) {
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
    public TokenizerTables tokenizer() {
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
        files.put("tokenizer_config.json", ("{\"model_max_length\": " + textEncoder().maxPositions() + "}")
                .getBytes(StandardCharsets.UTF_8));
        return new TokenizerTables("random " + name + ": tokenizer", files);
    }
}
