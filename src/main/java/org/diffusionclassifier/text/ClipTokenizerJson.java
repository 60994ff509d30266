package org.diffusionclassifier.text;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import org.diffusionclassifier.config.JsonConfig;
import org.diffusionclassifier.config.TokenizerTables;
import org.diffusionclassifier.tensor.InputException;

/**
 * CLIP's {@code tokenizer.json}: the vocabulary and merges, in a description of the whole way from text to ids that
 * Hugging Face's tokenizers can follow. {@link ClipTokenizer} goes CLIP's way only, so that whatever of the description
 * is not CLIP's is refused by its name.
 */
final class ClipTokenizerJson {

    /** What splits words, before transformers 5 and since; special tokens have been cut out by then. */
    private static final String WORDS = "'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+";
    private static final String WORDS_OR_ENDS = "<\\|startoftext\\|>|<\\|endoftext\\|>|" + WORDS;

    private final TokenizerTables tables;
    private final JsonNode json;

    private ClipTokenizerJson(TokenizerTables tables) {
        this.tables = tables;
        this.json = tables.json(TokenizerTables.WHOLE);
    }

    /**
     * The byte-pair encoding.
     *
     * @return with {@code vocab}, an object, and {@code merges}, an array
     * @throws InputException if the file describes another tokenizer than CLIP's
     */
    static JsonNode model(TokenizerTables tables) {
        var file = new ClipTokenizerJson(tables);
        file.requireNormalizer();
        file.requirePreTokenizer();
        return file.model();
    }

    private JsonNode model() {
        JsonNode model = json.path("model");
        requireText(model, "model.type", "type", "BPE");
        requireText(model, "model.end_of_word_suffix", "end_of_word_suffix", "</w>");
        JsonNode prefix = model.path("continuing_subword_prefix");
        if (!JsonConfig.isOff(prefix) && !prefix.asText().isEmpty()) {
            throw unsupported("model.continuing_subword_prefix", prefix, "none");
        }
        for (String option : List.of("dropout", "byte_fallback", "ignore_merges")) {
            JsonNode value = model.path(option);
            if (!JsonConfig.isOff(value) && !(value.isNumber() && value.doubleValue() == 0)) {
                throw unsupported("model." + option, value, "none");
            }
        }
        if (!model.path("vocab").isObject()) {
            throw unsupported("model.vocab", model.path("vocab"), "an object of symbols with their ids");
        }
        if (!model.path("merges").isArray()) {
            throw unsupported("model.merges", model.path("merges"), "a list");
        }
        return model;
    }

    private void requireNormalizer() {
        List<JsonNode> steps = steps(json.path("normalizer"), "normalizers");
        boolean fits = types(steps).equals(List.of("NFC", "Replace", "Lowercase"))
                && "\\s+".equals(steps.get(1).path("pattern").path("Regex").textValue())
                && " ".equals(steps.get(1).path("content").textValue());
        if (!fits) {
            throw unsupported("normalizer", json.path("normalizer"), "NFC, a Replace of \\s+ by a space, Lowercase");
        }
    }

    private void requirePreTokenizer() {
        List<JsonNode> steps = steps(json.path("pre_tokenizer"), "pretokenizers");
        boolean fits = types(steps).equals(List.of("Split", "ByteLevel"))
                && List.of(WORDS, WORDS_OR_ENDS).contains(steps.get(0).path("pattern").path("Regex").asText())
                && "Removed".equals(steps.get(0).path("behavior").textValue())
                && steps.get(0).path("invert").asBoolean()
                && !steps.get(1).path("add_prefix_space").asBoolean(true)
                && steps.get(1).path("use_regex").asBoolean(true);
        if (!fits) {
            throw unsupported("pre_tokenizer", json.path("pre_tokenizer"), "a Split into CLIP's words, ByteLevel");
        }
    }

    /** The steps of a sequence, or the only one. */
    private static List<JsonNode> steps(JsonNode step, String list) {
        var steps = new ArrayList<JsonNode>();
        if ("Sequence".equals(step.path("type").textValue())) {
            step.path(list).forEach(steps::add);
        } else {
            steps.add(step);
        }
        return steps;
    }

    private static List<String> types(List<JsonNode> steps) {
        return steps.stream().map(step -> step.path("type").asText()).toList();
    }

    private void requireText(JsonNode object, String where, String key, String expected) {
        if (!expected.equals(object.path(key).textValue())) {
            throw unsupported(where, object.path(key), "\"" + expected + "\"");
        }
    }

    private InputException unsupported(String where, JsonNode value, String expected) {
        return tables.unsupported(TokenizerTables.WHOLE, where, value, expected);
    }
}
