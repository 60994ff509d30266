package org.diffusionclassifier.catalog;

import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.diffusionclassifier.checkpoint.Checkpoint;
import org.diffusionclassifier.checkpoint.Component;
import org.diffusionclassifier.checkpoint.Layout;
import org.diffusionclassifier.checkpoint.ModelSpec;
import org.diffusionclassifier.checkpoint.Origin;
import org.diffusionclassifier.config.JsonConfig;
import org.diffusionclassifier.config.TokenizerTables;
import org.diffusionclassifier.hub.HubClient;
import org.diffusionclassifier.hub.RemoteFile;
import org.diffusionclassifier.hub.RemoteRepository;
import org.diffusionclassifier.hub.Selection;
import org.diffusionclassifier.model.ModelFamily;
import org.diffusionclassifier.tensor.InputException;

/**
 * A model in diffusers' form that is still on the Hub: its configurations, each asked for when a family looks at it. It
 * has no weights and no tokenizers. It lets a family refuse a model by some kilobytes before its gigabytes are fetched.
 */
final class DescribedModel implements Checkpoint {

    private static final String INDEX = "model_index.json";
    private static final String CONFIG = "config.json";

    private final HubClient client;
    private final RemoteRepository repository;
    private final Selection selection;

    private DescribedModel(HubClient client, RemoteRepository repository, Selection selection) {
        this.client = client;
        this.repository = repository;
        this.selection = selection;
    }

    /**
     * Refuses a model that could not be loaded.
     *
     * @param selection what of it would be fetched
     * @throws InputException if no family takes the model's configurations, or the Hub does not give them
     */
    static void requireFamily(HubClient client, RemoteRepository repository, Selection selection) {
        var model = new DescribedModel(client, repository, selection);
        ModelFamily.of(model).layout(model);
    }

    @Override
    public String source() {
        return repository.name().toString();
    }

    @Override
    public ModelSpec spec() {
        return ModelSpec.of(Path.of(source()));
    }

    @Override
    public Set<String> components() {
        var names = new TreeSet<String>();
        selection.files().stream().map(file -> file.path().split("/"))
                .filter(path -> path.length == 2 && path[1].equals(CONFIG)).forEach(path -> names.add(path[0]));
        return names;
    }

    @Override
    public Component component(String name) {
        return new Component(json(name + "/" + CONFIG), () -> {
            throw new IllegalStateException(source() + ": " + name + ": its weights are not here");
        });
    }

    @Override
    public JsonConfig scheduler() {
        return json(Layout.SCHEDULER + "/scheduler_config.json");
    }

    @Override
    public JsonConfig index() {
        return json(INDEX);
    }

    private JsonConfig json(String path) {
        RemoteFile file = repository.file(path).orElseThrow(() -> new InputException(source() + ": expected a model's "
                + path + ", found none"));
        return JsonConfig.parse(source() + ": " + path, client.text(repository, file));
    }

    @Override
    public TokenizerTables tokenizer(String name) {
        throw new IllegalStateException(source() + ": " + name + " is not here");
    }

    @Override
    public Map<String, Origin> origins(Layout layout) {
        throw new IllegalStateException(source() + ": its files are not here");
    }

    @Override
    public void close() {
    }
}
