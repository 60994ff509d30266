package org.diffusionclassifier.checkpoint;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.diffusionclassifier.config.JsonConfig;
import org.diffusionclassifier.config.TokenizerTables;
import org.diffusionclassifier.safetensors.SafetensorsFile;
import org.diffusionclassifier.safetensors.TensorInfo;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.tensor.Weights;

/**
 * A whole model as one safetensors file, made by the converter: what there is to load and nothing else, in the order in
 * which it is loaded.
 *
 * <pre>
 *   __metadata__   diffusion_classifier   {"format": 1, …} and the configurations of a {@link Layout}: each component's
 *                                         by its name, "scheduler" and, where labels have names, "id2label"
 *                  filters                "channels-last": a convolution's are [out, height, width, in]
 *                  source, source_sha256  what it was made from: the name, and the hash by {@link SourceHash}
 *                  vae_source, vae_source_sha256    the same of an autoencoder that came from elsewhere
 *                  text_source, text_source_sha256  the same of text encoders that did
 *                  lora                   what was added to the weights, where something was: {@link LoraCheckpoint}
 *                  embedding              what was added to the tokens, likewise: see {@link TextualInversion}
 *   tensors        COMPONENT.*            as the layout lists them, all of one type
 *                  tokenizer.vocab.json, …          the files of {@link TokenizerTables}, U8
 * </pre>
 *
 * Like every other checkpoint it is taken for hostile.
 */
public final class ConvertedFile implements Checkpoint {

    public static final String KEY = "diffusion_classifier";
    public static final String SOURCE = "source";
    public static final String VAE_SOURCE = "vae_source";
    public static final String TEXT_SOURCE = "text_source";
    public static final String SHA256 = "_sha256";
    public static final int FORMAT = 1;

    private final SafetensorsFile file;
    private final ModelSpec spec;
    private final JsonConfig settings;
    private final Map<String, Component> components;

    /**
     * @param opened for which {@link #isOne} is true; closed with this
     * @throws InputException if it is of another format, or something is said of it that it says itself
     */
    ConvertedFile(Weights opened, ModelSpec spec) {
        this.file = (SafetensorsFile) opened;
        this.spec = spec;
        this.settings = settings(file);
        spec.refuseCompletion();
        if (spec.vae() != null) {
            throw InputException.of("%s: expected none with " + source() + ", which has its autoencoder in it",
                    InputException.field("vae"));
        }
        this.components = settings.parts().stream()
                .filter(name -> !name.equals(Layout.SCHEDULER) && !name.equals(Layout.LABELS))
                .collect(Collectors.toMap(name -> name, name -> new Component(settings.part(name), () -> file.at(name)),
                        (one, other) -> one, LinkedHashMap::new));
    }

    /** Whether a file says that it is one. */
    public static boolean isOne(Weights file) {
        return file instanceof SafetensorsFile safetensors && safetensors.metadata().containsKey(KEY);
    }

    private static JsonConfig settings(SafetensorsFile file) {
        if (!file.channelsLast()) {
            throw new InputException(file.source() + ": expected a model file with " + SafetensorsFile.FILTERS + " = "
                    + SafetensorsFile.CHANNELS_LAST + " in its __metadata__, found none");
        }
        JsonConfig json = JsonConfig.parse(file.source() + ": " + KEY, file.metadata().get(KEY));
        if (json.integer("format") != FORMAT) {
            throw json.unsupported("format", Integer.toString(FORMAT));
        }
        return json;
    }

    /** The name of a tensor that holds one of a tokenizer's files. */
    public static String table(String tokenizer, String name) {
        return tokenizer + "." + name;
    }

    /** What it was made from and what was added, as the file says, unchecked. */
    public Map<String, String> metadata() {
        return file.metadata();
    }

    @Override
    public String source() {
        return file.source();
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
    public Component component(String name) {
        if (!components.containsKey(name)) {
            throw settings.unsupported(name, "an object");
        }
        return components.get(name);
    }

    @Override
    public TokenizerTables tokenizer(String name) {
        var files = new LinkedHashMap<String, byte[]>();
        for (String each : TokenizerTables.NAMES) {
            TensorInfo table = file.tensors().get(table(name, each));
            if (table == null) {
                continue;
            }
            if (table.bytes() > TokenizerTables.MAX_BYTES) {
                throw new InputException(source() + ": tensor " + table.name() + ": expected at most "
                        + TokenizerTables.MAX_BYTES + " bytes, found " + table.bytes());
            }
            files.put(each, file.readBytes(table.name()));
        }
        return new TokenizerTables(source() + ": " + name, files);
    }

    @Override
    public JsonConfig scheduler() {
        return settings.part(Layout.SCHEDULER);
    }

    @Override
    public JsonConfig index() {
        return settings;
    }

    @Override
    public Map<String, Origin> origins(Layout layout) {
        return Map.of(SOURCE, Origin.of(spec.path()));
    }

    @Override
    public boolean isInOrder() {
        return true;
    }

    @Override
    public void close() {
        file.close();
    }
}
