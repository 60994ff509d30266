package org.diffusionclassifier.checkpoint;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.diffusionclassifier.checkpoint.original.OriginalModel;
import org.diffusionclassifier.checkpoint.original.OriginalNaming;
import org.diffusionclassifier.config.ClipTextConfig;
import org.diffusionclassifier.config.JsonConfig;
import org.diffusionclassifier.config.TokenizerTables;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.tensor.Weights;

/**
 * A model as one file in the naming of its original implementation, without configuration or tokenizer. The
 * configurations are inferred from the names and shapes of the tensors; the specification says where a tokenizer and an
 * autoencoder are that are not in the file.
 */
final class OriginalFile implements Checkpoint {

    private static final String TEXT_ENCODER = "text_encoder";
    private static final String T5_TOKENIZER = "tokenizer_3";

    private final Weights file;
    private final ModelSpec spec;
    private final OriginalModel model;
    private final Map<String, Component> components = new LinkedHashMap<>();
    private final TokenizerSource tokenizers;
    private final boolean tokenizerFound;

    /**
     * @param file       all tensors of the model; closed with this
     * @param tokenizers are looked at if the specification names none
     * @throws InputException if a part is missing, or something is said that the naming has no use for
     */
    OriginalFile(Weights file, OriginalNaming naming, ModelSpec spec, TokenizerSource tokenizers) {
        this.file = file;
        this.tokenizers = tokenizers;
        if (!naming.takesSettings()) {
            spec.refuseCompletion();
        }
        int imageSize = spec.imageSize() == null ? naming.imageSize(file) : spec.imageSize();
        this.model = naming.read(file, new OriginalNaming.Settings(imageSize, spec.ema(),
                spec.textEncoders().folder() != null));
        model.networks().forEach((name, network) -> components.put(name, new Component(
                JsonConfig.of(file.source() + ": " + name, network.config()), network::weights)));
        if (spec.vae() != null) {
            if (components.containsKey(VAE)) {
                throw InputException.of("%s: expected with a DiT, as " + file.source() + " has its autoencoder in it",
                        InputException.field("vae"));
            }
            components.put(VAE, DiffusersDirectory.vae(spec.vae()));
        }
        Optional<Path> found = spec.tokenizer() == null ? textWidth().flatMap(tokenizers::tokenizer) : Optional.empty();
        this.tokenizerFound = found.isPresent();
        ModelSpec sized = naming.takesSettings() ? spec.withImageSize(imageSize) : spec;
        this.spec = found.map(sized::withTokenizer).orElse(sized);
        if (this.spec.tokenizer() != null) {
            TokenizerTables.read(this.spec.tokenizer());     // refuses what is none before anything is loaded
        }
    }

    /** Of the text encoder; empty where there is none. */
    private Optional<Integer> textWidth() {
        return Optional.ofNullable(components.get(TEXT_ENCODER))
                .map(component -> ClipTextConfig.read(component.config()).width());
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
            throw name.equals(VAE) ? InputException.of("%s: expected the folder of an autoencoder, as " + source()
                    + " has none in it", InputException.field("vae"))
                    : new InputException(source() + ": expected a model's " + name + ", found none");
        }
        return components.get(name);
    }

    @Override
    public TokenizerTables tokenizer(String name) {
        if (name.equals(T5_TOKENIZER)) {
            throw InputException.of("%s: expected a folder with " + T5_TOKENIZER + ", as " + source() + " has T5 in it and no "
                    + "tokenizer; or clip, to leave T5 out", InputException.field("textEncoders"));
        }
        if (spec.tokenizer() == null) {
            throw InputException.of("%s: expected a folder with vocab.json and merges.txt, or a tokenizer.json, as "
                    + source() + " has no tokenizer in it" + textWidth().map(tokenizers::hint).orElse(""),
                    InputException.field("tokenizer"));
        }
        TokenizerTables tables = TokenizerTables.read(spec.tokenizer());
        return components.containsKey(TEXT_ENCODER + "_2")      // CLIP's two are the same but for their padding
                ? tables.paddedWith(name.endsWith("_2") ? "!" : "<|endoftext|>") : tables;
    }

    @Override
    public JsonConfig scheduler() {
        return JsonConfig.of(source() + ": " + Layout.SCHEDULER, model.scheduler());
    }

    @Override
    public boolean guessesPrediction() {
        return model.guessesPrediction();
    }

    @Override
    public List<String> notices() {
        var notices = new ArrayList<String>();
        if (tokenizerFound) {
            notices.add(source() + ": has no tokenizer in it; taken: " + spec.tokenizer());
        }
        if (spec.predicts() == null) {      // else the user knows better
            notices.addAll(model.notices());
        }
        return notices;
    }

    @Override
    public JsonConfig index() {
        return JsonConfig.of(source(), model.index());
    }

    @Override
    public Map<String, Origin> origins(Layout layout) {
        var origins = new LinkedHashMap<>(Map.of(ConvertedFile.SOURCE, Origin.of(spec.path())));
        if (spec.vae() != null) {
            origins.put(ConvertedFile.VAE_SOURCE, DiffusersDirectory.ofVae(spec.vae()));
        }
        return origins;
    }

    @Override
    public void close() {
        components.values().forEach(Component::close);
        file.close();
    }
}
