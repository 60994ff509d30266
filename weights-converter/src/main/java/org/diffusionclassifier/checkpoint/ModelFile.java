package org.diffusionclassifier.checkpoint;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Predicate;
import org.diffusionclassifier.config.ClassConditionalConfig;
import org.diffusionclassifier.config.JsonConfig;
import org.diffusionclassifier.config.StableDiffusionConfig;
import org.diffusionclassifier.config.TokenizerTables;
import org.diffusionclassifier.convert.Converter;
import org.diffusionclassifier.safetensors.SafetensorsFile;
import org.diffusionclassifier.safetensors.TensorInfo;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.tensor.PrefixedWeights;
import org.diffusionclassifier.tensor.Weights;

/**
 * A whole model as one safetensors file, made by {@link Converter}: what there is to load and nothing else, in the order
 * in which it is loaded. This is one of Stable Diffusion; {@link DitFile} is one of a DiT.
 *
 * <pre>
 *   __metadata__   diffusion_classifier   {"format": 1, …} and the configurations as diffusers and transformers write
 *                                         them: "unet", "vae", "text_encoder" and "scheduler"; or of a DiT
 *                                         "transformer", "vae", "scheduler" and, where it has names, "id2label"
 *                  filters                "channels-last": a convolution's are [out, height, width, in]
 *                  source, source_sha256  what it was made from: the name, and the hash by {@link SourceHash}
 *                  vae_source, vae_source_sha256    the same of a DiT's autoencoder that came from elsewhere
 *                  lora                   what was added to the weights, where something was: see {@link Lora}
 *   tensors        text_encoder.*, vae.*, unet.*    as {@link NetworkTensors} lists them, all of one type;
 *                  vae.*, transformer.*             of a DiT
 *                  tokenizer.vocab.json, …          the files of {@link TokenizerTables}, U8
 * </pre>
 *
 * Like every other checkpoint it is taken for hostile.
 */
public final class ModelFile implements ModelSource {

    public static final String KEY = "diffusion_classifier";
    public static final String SOURCE = "source";
    public static final String VAE_SOURCE = "vae_source";
    public static final String SHA256 = "_sha256";
    public static final int FORMAT = 1;
    public static final String TOKENIZER = "tokenizer.";

    private final Path file;
    private final Map<String, String> metadata;
    private final StableDiffusionConfig config;

    private ModelFile(SafetensorsFile opened, Path file) {
        this.file = file;
        this.metadata = opened.metadata();
        this.config = StableDiffusionConfig.read(settings(opened));
        config.requireThatPartsFit(file.toString());
    }

    /**
     * Whether a file is a safetensors file that says it is a model file, of whichever kind of model.
     *
     * @throws InputException if it is a safetensors file by name, but damaged
     */
    public static boolean isOne(Path file) {
        return isOne(file, opened -> true);
    }

    /** Whether it is one of which something is true. */
    static boolean isOne(Path file, Predicate<SafetensorsFile> also) {
        if (!Files.isRegularFile(file) || WeightsFormat.of(file) != WeightsFormat.SAFETENSORS) {
            return false;
        }
        try (var opened = SafetensorsFile.open(file)) {
            return opened.metadata().containsKey(KEY) && also.test(opened);
        }
    }

    /** @throws InputException if it is none, damaged, or holds a model that is not supported */
    public static ModelFile open(Path file) {
        try (var opened = SafetensorsFile.open(file)) {
            return new ModelFile(opened, file);
        }
    }

    /**
     * The configurations that a model file has, of whichever kind of model, in a format that is known.
     *
     * @throws InputException if it has none
     */
    static JsonConfig settings(SafetensorsFile file) {
        if (!file.metadata().containsKey(KEY) || !file.channelsLast()) {
            throw new InputException(file.source() + ": expected a model file with " + KEY + " and "
                    + SafetensorsFile.FILTERS + " = " + SafetensorsFile.CHANNELS_LAST
                    + " in its __metadata__, found none");
        }
        JsonConfig json = JsonConfig.parse(file.source() + ": " + KEY, file.metadata().get(KEY));
        if (json.integer("format") != FORMAT) {
            throw json.unsupported("format", Integer.toString(FORMAT));
        }
        return json;
    }

    /** The same, understood and in diffusers' words again. */
    public static Map<String, Object> configurations(SafetensorsFile file) {
        JsonConfig json = settings(file);
        return DitFile.isOne(json) ? ClassConditionalConfig.read(json).toDiffusers()
                : StableDiffusionConfig.read(json).toDiffusers();
    }

    /** What it was made from and what was added, as the file says; nobody vouches for it. */
    public Map<String, String> metadata() {
        return metadata;
    }

    @Override
    public StableDiffusionConfig config() {
        return config;
    }

    @Override
    public Origin origin() {
        return Origin.of(file);
    }

    @Override
    public Weights unetWeights() {
        return weights("unet");
    }

    @Override
    public Weights vaeWeights() {
        return weights("vae");
    }

    @Override
    public Weights textEncoderWeights() {
        return weights("text_encoder");
    }

    private Weights weights(String component) {
        return new PrefixedWeights(SafetensorsFile.open(file), component, true);
    }

    @Override
    public TokenizerTables tokenizer() {
        var files = new LinkedHashMap<String, byte[]>();
        try (var opened = SafetensorsFile.open(file)) {
            for (String name : TokenizerTables.NAMES) {
                TensorInfo table = opened.tensors().get(TOKENIZER + name);
                if (table == null) {
                    continue;
                }
                if (table.bytes() > TokenizerTables.MAX_BYTES) {
                    throw new InputException(file + ": tensor " + table.name() + ": expected at most "
                            + TokenizerTables.MAX_BYTES + " bytes, found " + table.bytes());
                }
                files.put(name, opened.readBytes(TOKENIZER + name));
            }
        }
        return new TokenizerTables(file + ": tokenizer", files);
    }
}
