package org.diffusionclassifier.checkpoint;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.diffusionclassifier.config.TokenizerTables;
import org.diffusionclassifier.tensor.InputException;

/**
 * A checkpoint whose text encoders and tokenizers come from a folder in diffusers' form, as far as that has them: files
 * with a transformer and an autoencoder alone are common, since text encoders are the same for all models of a family.
 */
final class TextEncoderFolder implements CheckpointView {

    private static final String ENCODER = "text_encoder";
    private static final String TOKENIZER = "tokenizer";

    private final Checkpoint base;
    private final Path folder;
    private final Map<String, Component> encoders = new LinkedHashMap<>();

    private TextEncoderFolder(Checkpoint base, Path folder) {
        this.base = base;
        this.folder = folder;
        for (String name : DiffusersDirectory.names(folder)) {
            if (name.startsWith(ENCODER)) {
                encoders.put(name, DiffusersDirectory.component(folder.resolve(name), name, null));
            }
        }
        if (encoders.isEmpty() && !Files.isDirectory(folder.resolve(TOKENIZER + "_3"))) {
            throw new InputException(folder + ": expected a folder with text_encoder, text_encoder_2 and so on, found none of "
                    + "these");
        }
    }

    /** @param folder null to leave the checkpoint as it is */
    static Checkpoint of(Checkpoint base, Path folder) {
        if (folder == null) {
            return base;
        }
        if (!Files.isDirectory(folder)) {
            throw new InputException(folder + ": expected a folder of text encoders, found "
                    + (Files.exists(folder) ? "a file" : "nothing"));
        }
        return new TextEncoderFolder(base, folder);
    }

    @Override
    public Checkpoint base() {
        return base;
    }

    @Override
    public Set<String> components() {
        var names = new TreeSet<>(base.components());
        names.addAll(encoders.keySet());
        return names;
    }

    @Override
    public Component component(String name) {
        return encoders.containsKey(name) ? encoders.get(name) : base.component(name);
    }

    @Override
    public TokenizerTables tokenizer(String name) {
        Path own = folder.resolve(name);
        return name.startsWith(TOKENIZER) && Files.isDirectory(own) ? TokenizerTables.read(own) : base.tokenizer(name);
    }

    /** The base's, with the folder's files among them. */
    @Override
    public Map<String, Origin> origins(Layout layout) {
        var kept = new ArrayList<Layout.Part>(layout.parts());
        kept.removeIf(part -> encoders.containsKey(part.component()));
        var tokenizers = new ArrayList<>(layout.tokenizers());
        tokenizers.removeIf(name -> Files.isDirectory(folder.resolve(name)));
        Map<String, Origin> origins = new LinkedHashMap<>(base.origins(new Layout(layout.configurations(), kept, tokenizers)));
        var files = new ArrayList<Path>();
        encoders.keySet().forEach(name -> files.addAll(DiffusersDirectory.files(folder.resolve(name), name, null)));
        for (String name : layout.tokenizers()) {
            TokenizerTables.NAMES.stream().map(folder.resolve(name)::resolve).filter(Files::exists).forEach(files::add);
        }
        origins.put(ConvertedFile.TEXT_SOURCE, Origin.of(folder, files));
        return origins;
    }

    @Override
    public void close() {
        encoders.values().forEach(Component::close);
        base.close();
    }
}
