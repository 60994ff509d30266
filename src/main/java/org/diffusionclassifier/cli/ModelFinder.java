package org.diffusionclassifier.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.diffusionclassifier.catalog.ModelNames;
import org.diffusionclassifier.catalog.PlannedPull;
import org.diffusionclassifier.catalog.PublicTokenizer;
import org.diffusionclassifier.checkpoint.ModelSpec;
import org.diffusionclassifier.hub.HubClient;
import org.diffusionclassifier.hub.HubName;
import org.diffusionclassifier.hub.HubSettings;
import org.diffusionclassifier.hub.Selection.Precision;
import org.diffusionclassifier.tensor.InputException;

/**
 * Finds the model that a name on the command line means. One that is not here is fetched if the user has said so or
 * says so when asked; else the message says what it takes.
 *
 * @param err where progress is shown
 */
record ModelFinder(ModelNames names, Terminal terminal, PrintWriter err) {

    /**
     * The model's place; null for the bundled one.
     *
     * @param name null for the bundled model
     * @param pull whether to fetch what is not here
     * @throws InputException if there is none, or several, or it cannot be fetched
     */
    Path find(String name, boolean pull) {
        if (name == null) {
            return null;
        }
        Optional<ModelSpec> found = names.find(name);
        if (found.isPresent()) {
            return found.get().path();
        }
        InputException missing = names.missing(name);
        if (!HubName.is(name)) {
            throw missing;
        }
        if (pull) {
            pull(plan(new HubClient(names.hub()), name));
        } else {
            ask(name, missing);
        }
        return names.get(name).path();
    }

    /**
     * Fetches the tokenizer that a file lacks, unless it is here.
     *
     * @param model as {@link #find} gives it
     */
    void pullTokenizer(Path model) {
        if (model == null || !Files.isRegularFile(model)) {
            return;
        }
        HubSettings hub = names.hub();
        PublicTokenizer.neededBy(model).filter(tokenizer -> tokenizer.find(hub).isEmpty())
                .ifPresent(tokenizer -> pull(PlannedPull.of(hub, new HubClient(hub), tokenizer)));
    }

    private PlannedPull plan(HubClient client, String name) {
        return PlannedPull.of(names.hub(), client, HubName.of(name), Precision.FP16);
    }

    private void pull(PlannedPull pull) {
        PullProgress.run(pull, err);
    }

    private void ask(String name, InputException missing) {
        if (names.hub().offline()) {
            throw missing;
        }
        PlannedPull pull;
        try {
            pull = plan(HubClient.withoutRetries(names.hub()), name);
        } catch (InputException e) {
            if (e.getCause() instanceof IOException) {
                throw missing;      // the network does not say more of it today
            }
            throw new InputException(e.getMessage() + "; nor is it a file or folder here", e);
        }
        if (!terminal.isPresent() || !terminal.confirms(name + " is not here. Pull it (" + pull.terms() + ")?")) {
            throw new InputException(missing.getMessage() + " (" + pull.terms() + ")");
        }
        pull(pull);
    }
}
