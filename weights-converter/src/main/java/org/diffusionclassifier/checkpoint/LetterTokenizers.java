package org.diffusionclassifier.checkpoint;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.diffusionclassifier.config.TokenizerTables;

/** Tokenizers to go with made-up weights: a printable character of ASCII is a token, and nothing is merged. */
final class LetterTokenizers {

    private LetterTokenizers() {
    }

    /**
     * Of CLIP's kind: characters inside a word and at its end, and the two tokens around a text.
     *
     * @param label     what messages call it
     * @param length    of a sequence
     * @param padsWith0 whether it pads with token 0 rather than the end token
     */
    static TokenizerTables clip(String label, int length, boolean padsWith0) {
        var vocabulary = new LinkedHashMap<String, Integer>();
        for (String end : List.of("", "</w>")) {
            for (char c = '!'; c <= '~'; c++) {
                vocabulary.put(c + end, vocabulary.size());
            }
        }
        vocabulary.put("<|startoftext|>", vocabulary.size());
        vocabulary.put("<|endoftext|>", vocabulary.size());
        var files = new LinkedHashMap<String, byte[]>();
        var object = JsonNodeFactory.instance.objectNode();
        vocabulary.forEach(object::put);
        files.put("vocab.json", bytes(object.toString()));
        files.put("merges.txt", bytes("#version: 0.2\n"));
        files.put("tokenizer_config.json", bytes("{\"model_max_length\": " + length
                + (padsWith0 ? ", \"pad_token\": \"!\"}" : "}")));
        return new TokenizerTables(label, files);
    }

    /** Of SentencePiece's unigram kind: characters, the mark of a word's beginning, and the three special tokens. */
    static TokenizerTables unigram(String label) {
        JsonNodeFactory json = JsonNodeFactory.instance;
        var vocabulary = json.arrayNode();
        var added = json.arrayNode();
        for (String special : List.of("<pad>", "</s>", "<unk>")) {
            added.addObject().put("id", added.size() - 1).put("content", special).put("single_word", false)
                    .put("lstrip", false).put("rstrip", false).put("normalized", false).put("special", true);
            vocabulary.addArray().add(special).add(0);
        }
        vocabulary.addArray().add("▁").add(-1);
        for (char c = '!'; c <= '~'; c++) {
            vocabulary.addArray().add(String.valueOf(c)).add(-2);
        }
        var tokenizer = json.objectNode();
        tokenizer.set("added_tokens", added);
        tokenizer.putNull("normalizer");
        tokenizer.putObject("pre_tokenizer").put("type", "Metaspace").put("replacement", "▁")
                .put("prepend_scheme", "always").put("split", true);
        var after = tokenizer.putObject("post_processor").put("type", "TemplateProcessing");
        var single = after.putArray("single");
        single.addObject().putObject("Sequence").put("id", "A").put("type_id", 0);
        single.addObject().putObject("SpecialToken").put("id", "</s>").put("type_id", 0);
        after.putObject("special_tokens").putObject("</s>").put("id", "</s>").putArray("ids").add(1);
        tokenizer.putObject("model").put("type", "Unigram").put("unk_id", 2).set("vocab", vocabulary);
        return new TokenizerTables(label, Map.of("tokenizer.json", bytes(tokenizer.toString())));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
