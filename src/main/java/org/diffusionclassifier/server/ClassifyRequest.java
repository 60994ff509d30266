package org.diffusionclassifier.server;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.diffusionclassifier.TrialSpec;
import org.diffusionclassifier.file.JsonLine;
import org.diffusionclassifier.image.Background;
import org.diffusionclassifier.prompt.Prompt;
import org.diffusionclassifier.prompt.PromptSet;
import org.diffusionclassifier.prompt.PromptSpec;
import org.diffusionclassifier.model.Target;
import org.diffusionclassifier.score.Objective;
import org.diffusionclassifier.score.TimestepRange;
import org.diffusionclassifier.score.TimestepWeights;
import org.diffusionclassifier.server.http.HttpRefusal;
import org.diffusionclassifier.server.http.Received;
import org.diffusionclassifier.strategy.Race;
import org.diffusionclassifier.strategy.Staged;
import org.diffusionclassifier.strategy.StrategySpec;
import org.diffusionclassifier.tensor.InputException;

/**
 * What {@code POST /v1/classify} asks for, in the library's specifications.
 *
 * @param prompts  captions with their classes; null where {@code spec} says all
 * @param strategy null for the default
 * @param explain  whether the answer has the map of evidence and the curves
 * @param report   whether the answer has the page that {@code --report} writes
 */
record ClassifyRequest(Upload image, PromptSet prompts, PromptSpec spec, Choice strategy, TrialSpec trials,
        boolean explain, boolean report) {

    private static final Set<String> FIELDS = Set.of("classes", "template", "prompts", "strategy", "confidence", "bound",
            "maxTrials", "nSamples", "toKeep", "timesteps", "timestepWeights", "nTrials", "seed",
            "loss", "target", "background", "explain", "report");

    /** @throws HttpRefusal or an InputException for what is wrong */
    static ClassifyRequest of(Received request, ServeSpec limits) {
        var fields = RequestFields.of(request, FIELDS, "image", limits.maxClasses() + FIELDS.size() + 2);
        Upload image = fields.pictures("image", 1, 1).get(0);
        image.check(limits.maxPixels());
        List<String> classes = fields.texts("classes", limits.maxClasses());
        List<JsonNode> prompts = fields.list("prompts", limits.maxClasses());
        if (prompts != null && (classes != null || fields.has("template"))) {
            throw new HttpRefusal(400, "prompts: expected no classes or template beside them");
        }
        return new ClassifyRequest(image, prompts == null ? null : prompts(prompts),
                new PromptSpec(null, classes, fields.text("template")), Choice.of(fields), trials(fields),
                fields.flag("explain"), fields.flag("report"));
    }

    /** Each a text, which is a class of its own, or {@code {"prompt": …, "class": …}}. */
    private static PromptSet prompts(List<JsonNode> given) {
        Map<String, Integer> classes = new LinkedHashMap<>();
        return new PromptSet(given.stream().map(one -> {
            String text = one.isTextual() ? one.textValue() : one.path("prompt").textValue();
            String name = one.isTextual() ? text : one.path("class").textValue();
            if (text == null || name == null || text.isBlank() || name.isBlank()) {
                throw new HttpRefusal(400, "prompts: expected texts, or objects with prompt and class, found "
                        + JsonLine.abridged(one));
            }
            int index = classes.computeIfAbsent(name, first -> classes.size());
            return new Prompt(text, name, index);
        }).toList());
    }

    static TrialSpec trials(RequestFields fields) {
        Integer nTrials = fields.integer("nTrials");
        Long seed = fields.whole("seed");
        String loss = fields.text("loss");
        String target = fields.text("target");
        String background = fields.text("background");
        String timesteps = fields.text("timesteps");
        return new TrialSpec(loss == null ? Objective.L2 : Objective.parse(loss),
                target == null ? null : Target.parse(target),
                timesteps == null ? null : TimestepRange.parse(timesteps), timestepWeights(fields),
                nTrials == null ? 1 : nTrials, seed == null ? 0 : seed, null,
                background == null ? null : Background.parse(background));
    }

    /** By name: a file would be one of the server's. */
    private static TimestepWeights timestepWeights(RequestFields fields) {
        String name = fields.text("timestepWeights");
        return name == null ? new TimestepWeights.Uniform() : TimestepWeights.named(name).orElseThrow(() ->
                new HttpRefusal(400, "timestepWeights: expected uniform or snr, found " + InputException.quoted(name)));
    }

    /** A strategy as it was asked for, before it is known how many prompts there are. Fields as on the command line. */
    record Choice(String name, Double confidence, String bound, Integer maxTrials, List<Integer> nSamples,
            List<Integer> toKeep) {

        static Choice of(RequestFields fields) {
            String name = fields.text("strategy");
            var choice = new Choice(name == null ? "race" : name.toLowerCase(Locale.ROOT), fields.real("confidence"),
                    fields.text("bound"), fields.integer("maxTrials"), fields.integers("nSamples"),
                    fields.integers("toKeep"));
            choice.check();
            return choice;
        }

        private void check() {
            boolean race = name.equals("race");
            boolean staged = name.equals("staged");
            if (!race && !staged && !name.equals("exhaustive")) {
                throw new HttpRefusal(400, "strategy: expected race, staged or exhaustive");
            }
            if (!race && (confidence != null || bound != null || maxTrials != null)) {
                throw new HttpRefusal(400, "confidence, bound and maxTrials are a race's: expected none beside strategy "
                        + name);
            }
            if (race && nSamples != null) {
                throw new HttpRefusal(400, "nSamples: expected maxTrials for a race");
            }
            if (!staged && toKeep != null) {
                throw new HttpRefusal(400, "toKeep: expected strategy staged beside it");
            }
            if (!race && !staged && nSamples != null && nSamples.size() != 1) {
                throw new HttpRefusal(400, "nSamples: expected one number for strategy exhaustive");
            }
        }

        StrategySpec spec(int prompts) {
            return switch (name) {
                case "race" -> new Race(confidence, bound == null ? Race.AUTO : bound,
                        maxTrials == null ? Race.MAX_TRIALS : maxTrials, null);
                case "staged" -> new Staged(nSamples == null ? Staged.N_SAMPLES : nSamples,
                        toKeep == null ? Staged.toKeepOf(prompts) : toKeep);
                default -> Staged.exhaustive(nSamples == null ? Staged.N_SAMPLES.get(Staged.N_SAMPLES.size() - 1)
                        : nSamples.get(0));
            };
        }
    }
}
