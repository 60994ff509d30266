package org.diffusionclassifier.text;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import org.diffusionclassifier.config.TokenizerTables;
import org.diffusionclassifier.tensor.InputException;

/**
 * The tokens that {@code tokenizer.json} puts around a text: its {@code post_processor}.
 *
 * @param before in their order
 * @param after  in their order
 */
record TextEnds(List<String> before, List<String> after) {

    private static final String KEY = "post_processor";

    /** @throws InputException for another kind of post-processor than those that put tokens around a text */
    static TextEnds read(TokenizerTables tables) {
        JsonNode step = tables.json(TokenizerTables.WHOLE).path(KEY);
        var before = new ArrayList<String>();
        var after = new ArrayList<String>();
        boolean known = switch (step.path("type").asText()) {
            case "RobertaProcessing", "BertProcessing" -> {
                before.add(step.path("cls").path(0).asText());
                after.add(step.path("sep").path(0).asText());
                yield true;
            }
            case "TemplateProcessing" -> isTemplate(step.path("single"), before, after);
            default -> step.isNull() || step.isMissingNode();
        };
        if (!known) {
            throw tables.unsupported(TokenizerTables.WHOLE, KEY, step,
                    "TemplateProcessing with tokens before and behind one text");
        }
        return new TextEnds(List.copyOf(before), List.copyOf(after));
    }

    /** {@code [{"SpecialToken": {"id": "<s>"}}, {"Sequence": {"id": "A"}}, {"SpecialToken": {"id": "</s>"}}]} */
    private static boolean isTemplate(JsonNode parts, List<String> before, List<String> after) {
        int texts = 0;
        for (JsonNode part : parts) {
            if (part.has("Sequence")) {
                texts++;
            } else if (part.has("SpecialToken")) {
                (texts == 0 ? before : after).add(part.path("SpecialToken").path("id").asText());
            } else {
                return false;
            }
        }
        return texts == 1;
    }
}
