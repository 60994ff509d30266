package org.diffusionclassifier.weights;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A whole model as one safetensors file, made by {@link Converter}: what there is to load and nothing else, in the order
 * in which it is loaded.
 *
 * <pre>
 *   __metadata__   diffusion_classifier   {"format": 1, "unet": …, "vae": …, "text_encoder": …, "scheduler": …}, the
 *                                         configurations as diffusers and transformers write them
 *                  filters                "channels-last": a convolution's are [out, height, width, in]
 *                  source, source_sha256  what it was made from: the name, and the hash by {@link SourceHash}
 *                  lora                   what was added to the weights, where something was: see {@link Lora}
 *   tensors        text_encoder.*, vae.*, unet.*   as {@link NetworkTensors} lists them, all of one type
 *                  tokenizer.vocab.json, …         the files of {@link TokenizerTables}, U8
 * </pre>
 *
 * Like every other checkpoint it is taken for hostile.
 */
public final class ModelFile implements ModelSource {

    static final String KEY = "diffusion_classifier";
    static final String SOURCE = "source";
    static final String SHA256 = "source_sha256";
    static final int FORMAT = 1;
    static final String TOKENIZER = "tokenizer.";

    private final Path file;
    private final Map<String, String> metadata;
    private final UNetConfig unet;
    private final VaeConfig vae;
    private final ClipTextConfig textEncoder;
    private final ScheduleConfig schedule;

    private ModelFile(SafetensorsFile opened, Path file) {
        this.file = file;
        this.metadata = opened.metadata();
        if (!metadata.containsKey(KEY) || !opened.channelsLast()) {
            throw new InputException(file + ": expected a model file with " + KEY + " and "
                    + SafetensorsFile.FILTERS + " = " + SafetensorsFile.CHANNELS_LAST
                    + " in its __metadata__, found none");
        }
        JsonConfig json = JsonConfig.parse(file + ": " + KEY, metadata.get(KEY));
        if (json.integer("format") != FORMAT) {
            throw json.unsupported("format", Integer.toString(FORMAT));
        }
        unet = UNetConfig.read(json.part("unet"));
        vae = VaeConfig.read(json.part("vae"));
        textEncoder = ClipTextConfig.read(json.part("text_encoder"));
        schedule = ScheduleConfig.read(json.part("scheduler"));
        requireThatPartsFit(file.toString());
    }

    /**
     * Whether a file is a safetensors file that says it is such a model.
     *
     * @throws InputException if it is a safetensors file by name, but damaged
     */
    public static boolean isOne(Path file) {
        if (!Files.isRegularFile(file) || WeightsFormat.of(file) != WeightsFormat.SAFETENSORS) {
            return false;
        }
        try (var opened = SafetensorsFile.open(file)) {
            return opened.metadata().containsKey(KEY);
        }
    }

    /** @throws InputException if it is none, damaged, or holds a model that is not supported */
    public static ModelFile open(Path file) {
        try (var opened = SafetensorsFile.open(file)) {
            return new ModelFile(opened, file);
        }
    }

    /** The configurations, as {@code __metadata__} has them beside the format's number. */
    static Map<String, Object> configurations(ModelSource model) {
        var json = new LinkedHashMap<String, Object>();
        json.put("unet", model.unet().toDiffusers());
        json.put("vae", model.vae().toDiffusers());
        json.put("text_encoder", model.textEncoder().toTransformers());
        json.put("scheduler", model.schedule().toDiffusers());
        return json;
    }

    @Override
    public String name() {
        return file.getFileName().toString();
    }

    /** What it was made from and what was added, as the file says; nobody vouches for it. */
    public Map<String, String> metadata() {
        return metadata;
    }

    @Override
    public UNetConfig unet() {
        return unet;
    }

    @Override
    public VaeConfig vae() {
        return vae;
    }

    @Override
    public ClipTextConfig textEncoder() {
        return textEncoder;
    }

    @Override
    public ScheduleConfig schedule() {
        return schedule;
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

    @Override
    public SortedMap<String, Path> files() {
        return new TreeMap<>(Map.of(name(), file));
    }
}
