package org.diffusionclassifier.catalog;

import java.nio.file.Path;
import org.diffusionclassifier.file.DecimalSize;
import org.diffusionclassifier.hub.HubClient;
import org.diffusionclassifier.hub.HubName;
import org.diffusionclassifier.hub.HubSettings;
import org.diffusionclassifier.hub.Pull;
import org.diffusionclassifier.hub.PullListener;
import org.diffusionclassifier.hub.RemoteRepository;
import org.diffusionclassifier.hub.Selection;
import org.diffusionclassifier.hub.Selection.Precision;

/**
 * What would be fetched from the Hub, and under which conditions. The Hub has been asked, but nothing is fetched before
 * {@link #run}.
 *
 * @param repository as the Hub described it
 * @param selection  what of it is needed
 */
public record PlannedPull(HubSettings settings, RemoteRepository repository, Selection selection) {

    /**
     * A model: the components that are needed, or the one file that is named.
     *
     * @param client    whom to ask
     * @param precision of weights that there are several of
     * @throws org.diffusionclassifier.tensor.InputException if there is no such model or no such file in it, or the
     *         Hub does not answer
     */
    public static PlannedPull of(HubSettings settings, HubClient client, HubName name, Precision precision) {
        RemoteRepository repository = client.repository(name.repository(), name.revision());
        return new PlannedPull(settings, repository, name.file().map(file -> Selection.file(repository, file))
                .orElseGet(() -> Selection.model(repository, precision)));
    }

    /** A tokenizer. @throws org.diffusionclassifier.tensor.InputException if the Hub does not have it or answer */
    public static PlannedPull of(HubSettings settings, HubClient client, PublicTokenizer tokenizer) {
        HubName name = tokenizer.name();
        RemoteRepository repository = client.repository(name.repository(), name.revision());
        return new PlannedPull(settings, repository, Selection.tokenizer(repository, tokenizer.folder()));
    }

    /** Size, licence and gate: {@code 2.58 GB, licence openrail++}. */
    public String terms() {
        String page = settings.endpoint() + "/" + repository.name();
        return DecimalSize.of(selection.bytes())
                + repository.licence().map(licence -> ", licence " + licence).orElse("")
                + switch (repository.gate()) {
                    case NONE -> "";
                    case AUTOMATIC -> ", gated: accept its terms at " + page;
                    case MANUAL -> ", gated: ask its owners for access at " + page;
                };
    }

    /**
     * Fetches what is not in the cache yet; see {@link Pull#of}. Of a model's components it asks for the configurations
     * first, so that a model that cannot be loaded costs no more than these.
     *
     * @return the folder of the repository's files
     * @throws org.diffusionclassifier.tensor.InputException as that, and if no family takes the model
     */
    public Path run(PullListener listener) {
        var client = new HubClient(settings);
        if (selection.isDirectory()) {
            DescribedModel.requireFamily(client, repository, selection);
        }
        return Pull.of(settings, client, repository, selection, listener);
    }
}
