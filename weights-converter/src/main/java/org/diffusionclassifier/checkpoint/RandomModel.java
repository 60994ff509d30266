package org.diffusionclassifier.checkpoint;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.diffusionclassifier.config.ClipTextConfig.Activation;
import org.diffusionclassifier.config.ClipTextConfig;
import org.diffusionclassifier.config.FlowConfig;
import org.diffusionclassifier.config.JsonConfig;
import org.diffusionclassifier.config.MmditConfig;
import org.diffusionclassifier.config.PublishedUNets;
import org.diffusionclassifier.config.ScheduleConfig.PredictionType;
import org.diffusionclassifier.config.ScheduleConfig;
import org.diffusionclassifier.config.T5Config;
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
    private static final String THIRD = "_3";

    /** CLIP ViT-L/14's; OpenCLIP ViT-H/14's without its last layer, as Stable Diffusion 2 has it; and ViT-bigG/14's. */
    private static final ClipTextConfig VIT_L =
            new ClipTextConfig(49408, 768, 3072, 12, 12, 77, Activation.QUICK_GELU, 1e-5f);
    private static final ClipTextConfig VIT_L_PROJECTED =
            new ClipTextConfig(49408, 768, 3072, 12, 12, 77, Activation.QUICK_GELU, 1e-5f, 768);
    private static final ClipTextConfig VIT_H =
            new ClipTextConfig(49408, 1024, 4096, 23, 16, 77, Activation.GELU, 1e-5f);
    private static final ClipTextConfig VIT_BIG_G =
            new ClipTextConfig(49408, 1280, 5120, 32, 20, 77, Activation.GELU, 1e-5f, 1280);

    private static final List<Integer> VAE_CHANNELS = List.of(128, 256, 512, 512);
    private static final double SCALING = 0.18215;
    private static final double SCALING_XL = 0.13025;

    private final String name;
    private final ModelSpec spec;
    private final Map<String, Component> components = new LinkedHashMap<>();
    private final Map<String, Object> scheduler;

    private RandomModel(String name, ModelSpec spec) {
        this.name = name;
        this.spec = spec;
        MmditConfig mmdit = MmditConfig.published(name);
        if (mmdit == null) {
            putUNet(PublishedUNets.of(name));
            this.scheduler = ScheduleConfig.stableDiffusion(name.equals("sd-2.1") ? PredictionType.V_PREDICTION
                    : PredictionType.EPSILON).toDiffusers();
        } else {
            putMmdit(mmdit);
            this.scheduler = FlowConfig.stableDiffusion3().toDiffusers();
        }
    }

    private void putUNet(UNetConfig unet) {
        boolean xl = unet.added() != null;
        ClipTextConfig text = unet.crossAttentionDim() == VIT_H.width() ? VIT_H : VIT_L;
        put(TEXT_ENCODER, text.toTransformers(), NetworkTensors.textEncoder(text));
        if (xl) {
            put(TEXT_ENCODER + SECOND, VIT_BIG_G.toTransformers(), NetworkTensors.textEncoder(VIT_BIG_G));
        }
        putVae(new VaeConfig(8 * unet.sampleSize(), 3, 4, VAE_CHANNELS, 2, 32, xl ? SCALING_XL : SCALING, true, true));
        put("unet", unet.toDiffusers(), NetworkTensors.unet(unet));
    }

    private void putMmdit(MmditConfig mmdit) {
        T5Config t5 = T5Config.xxl();
        put(TEXT_ENCODER, VIT_L_PROJECTED.toTransformers(), NetworkTensors.textEncoder(VIT_L_PROJECTED));
        put(TEXT_ENCODER + SECOND, VIT_BIG_G.toTransformers(), NetworkTensors.textEncoder(VIT_BIG_G));
        put(TEXT_ENCODER + THIRD, t5.toTransformers(), NetworkTensors.textEncoder(t5));
        putVae(new VaeConfig(8 * mmdit.sampleSize(), 3, 16, VAE_CHANNELS, 2, 32, 1.5305, 0.0609, false, true));
        put("transformer", mmdit.toDiffusers(), NetworkTensors.transformer(mmdit));
    }

    private void putVae(VaeConfig vae) {
        put(VAE, vae.toDiffusers(), NetworkTensors.vae(vae));
    }

    private void put(String component, Map<String, Object> config, List<TensorSpec> tensors) {
        components.put(component, new Component(JsonConfig.of(source() + ": " + component, config),
                () -> weights(tensors)));
    }

    /** The published models that there are. */
    public static List<String> names() {
        return Stream.concat(PublishedUNets.names().stream(), MmditConfig.publishedNames().stream()).toList();
    }

    /**
     * Makes one up.
     *
     * @param name one of {@link #names}
     * @param spec what is added to it: LoRAs and embeddings, if anything
     * @throws InputException if there is none of that name
     */
    public static Checkpoint of(String name, ModelSpec spec) {
        if (!names().contains(name)) {
            throw new InputException("random model: expected one of " + String.join(", ", names()) + ", found " + name);
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
        return JsonConfig.of(source() + ": " + Layout.SCHEDULER, scheduler);
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

    @Override
    public TokenizerTables tokenizer(String tokenizer) {
        String label = source() + ": " + tokenizer;
        return tokenizer.endsWith(THIRD) ? LetterTokenizers.unigram(label)
                : LetterTokenizers.clip(label, VIT_L.maxPositions(), tokenizer.endsWith(SECOND));
    }
}
