package org.diffusionclassifier.cli;

import java.io.PrintWriter;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.prompt.Prompt;
import org.diffusionclassifier.prompt.PromptSet;
import org.diffusionclassifier.result.CaptionErrors;
import org.diffusionclassifier.result.CaptionScorer;
import org.diffusionclassifier.tensor.InputException;

/** A session that compares captions and pictures over shared trials: what match and refer run with. */
final class CaptionSession implements AutoCloseable {

    private final Session session;
    private final CaptionScorer scorer;
    private final SortedMap<String, String> settings = new TreeMap<>();
    private final long start;

    /**
     * @param captions all that will be compared
     * @param log      where to say what is loaded, or null
     * @throws InputException if the model is not one of captions, or anything else is wrong
     */
    CaptionSession(OpenedModel model, SharedTrialOptions options, Collection<String> captions, PrintWriter log) {
        List<String> prompts = CaptionScorer.prompts(captions);
        TrialOptions trials = options.oneStage();
        session = new Session(model, trials, new CertaintyOptions(), new PromptSet(IntStream.range(0, prompts.size())
                .mapToObj(i -> new Prompt(prompts.get(i), prompts.get(i), i)).toList()), log);
        scorer = new CaptionScorer(session.scorer(), prompts, options.trials(session.scorer().timesteps()));
        model.options().describe(settings);
        settings.put("device", session.device().description());
        trials.describe(settings, prompts.size(), session.pairsAhead());
        start = System.nanoTime();
    }

    /** @throws InputException for what can be refused before anything is loaded */
    static void check(OpenedModel model, SharedTrialOptions trials, String command) {
        if (model.labels().isPresent()) {
            throw new InputException(command + ": expected a model that is conditioned on captions, found "
                    + model.options().model + ", which is conditioned on labels");
        }
        trials.oneStage().check(1);
    }

    CaptionErrors errors(RgbImage picture, List<String> captions) {
        return scorer.errors(picture, captions);
    }

    /** What the errors depend on, by name. */
    SortedMap<String, String> settings() {
        return settings;
    }

    /** What was done so far, in one line. */
    String work() {
        double seconds = (System.nanoTime() - start) * 1e-9;
        return String.format(Locale.ROOT, "%d trials of each; %d pairs in %.1f s, %.0f pairs/s", scorer.trials(),
                scorer.pairs(), seconds, scorer.pairs() / seconds);
    }

    @Override
    public void close() {
        session.close();
    }
}
