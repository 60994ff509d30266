package org.diffusionclassifier.text;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import org.diffusionclassifier.config.TokenizerTables;
import org.diffusionclassifier.tensor.InputException;

/**
 * SentencePiece's words: every space is the letter {@code ▁}, which begins a word. This is the {@code pre_tokenizer} of
 * {@code tokenizer.json}, alone or behind {@code WhitespaceSplit}, which drops white space of every kind first.
 *
 * @param splits      whether white space is dropped first
 * @param replacement what stands for a space
 * @param prepend     before which words it is put where they lack it
 * @param eachAlone   whether words are encoded one by one, rather than a text as a whole
 */
record Metaspace(boolean splits, String replacement, Prepend prepend, boolean eachAlone) {

    private static final String KEY = "pre_tokenizer";

    enum Prepend { ALWAYS, FIRST, NEVER }

    /** @throws InputException for another pre-tokenizer */
    static Metaspace read(TokenizerTables tables) {
        JsonNode step = tables.json(TokenizerTables.WHOLE).path(KEY);
        JsonNode last = step;
        boolean splits = false;
        if ("Sequence".equals(step.path("type").textValue())) {
            JsonNode steps = step.path("pretokenizers");
            splits = steps.size() == 2 && "WhitespaceSplit".equals(steps.path(0).path("type").textValue());
            last = steps.size() == (splits ? 2 : 1) ? steps.path(steps.size() - 1) : step;
        }
        if (!"Metaspace".equals(last.path("type").textValue()) || last.path("replacement").asText("▁").length() != 1) {
            throw tables.unsupported(TokenizerTables.WHOLE, KEY, step, "Metaspace, or WhitespaceSplit and Metaspace");
        }
        String scheme = last.path("prepend_scheme").asText(last.path("add_prefix_space").asBoolean(true) ? "always"
                : "never");
        Prepend prepend = switch (scheme) {
            case "always" -> Prepend.ALWAYS;
            case "first" -> Prepend.FIRST;
            case "never" -> Prepend.NEVER;
            default -> throw tables.unsupported(TokenizerTables.WHOLE, KEY + ".prepend_scheme",
                    last.path("prepend_scheme"), "always, first or never");
        };
        return new Metaspace(splits, last.path("replacement").asText("▁"), prepend, last.path("split").asBoolean(true));
    }

    /**
     * The words of a normalised text.
     *
     * @param first whether it begins the whole text, rather than follows an added token
     */
    List<String> words(String text, boolean first) {
        var words = new ArrayList<String>();
        if (!splits) {
            add(words, text, first);
            return words;
        }
        boolean begins = first && !text.isEmpty() && !WhiteSpace.is(text.charAt(0));
        for (String part : WhiteSpace.RUN.split(text)) {
            if (!part.isEmpty()) {
                add(words, part, begins && words.isEmpty());
            }
        }
        return words;
    }

    private void add(List<String> words, String text, boolean first) {
        if (text.isEmpty()) {
            return;
        }
        String spaced = text.replace(" ", replacement);
        if (!spaced.startsWith(replacement) && (prepend == Prepend.ALWAYS || prepend == Prepend.FIRST && first)) {
            spaced = replacement + spaced;
        }
        int from = 0;
        for (int at = spaced.indexOf(replacement, 1); eachAlone && at > 0; at = spaced.indexOf(replacement, at + 1)) {
            words.add(spaced.substring(from, at));
            from = at;
        }
        words.add(spaced.substring(from));
    }
}
