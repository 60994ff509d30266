package org.diffusionclassifier.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.diffusionclassifier.config.JsonConfig;
import org.diffusionclassifier.config.TokenizerTables;
import org.diffusionclassifier.tensor.InputException;

/**
 * Byte-level byte-pair encoding of one word (GPT-2, Radford et al. 2019, §2.2): its UTF-8 bytes are symbols, the last
 * marked as the word's end. Of all neighbours that have a merge, the leftmost pair of the lowest rank becomes one
 * symbol, until no pair has a merge. The tables are a vocabulary (symbol → id) and a list of merges in the order of
 * rank: {@code vocab.json} and {@code merges.txt}, or {@code tokenizer.json}.
 */
final class BytePairEncoding {

    private static final String WORD_END = "</w>";

    private final Map<String, Integer> vocabulary;
    private final Map<Pair, Merge> merges;
    private final String[] byteSymbols = byteSymbols();

    /** Two neighbouring symbols, by id. */
    private record Pair(int left, int right) {
    }

    /** The symbol that a pair becomes; merges of lower rank come first. */
    private record Merge(int rank, int id) {
    }

    private BytePairEncoding(Map<String, Integer> vocabulary, Map<Pair, Merge> merges) {
        this.vocabulary = vocabulary;
        this.merges = merges;
    }

    /**
     * Reads the two tables, from files of their own or out of {@code tokenizer.json}.
     *
     * @throws InputException if one is missing or malformed, the ids are not 0 … n − 1, or a merge has a symbol that
     *                        the vocabulary lacks
     */
    static BytePairEncoding read(TokenizerTables tables) {
        if (tables.isWhole()) {
            String label = tables.label(TokenizerTables.WHOLE) + ": model.";
            JsonNode model = ClipTokenizerJson.model(tables);
            var vocabulary = vocabulary(label + "vocab", model.path("vocab"));
            return new BytePairEncoding(vocabulary, merges(label + "merges", model.path("merges"), vocabulary));
        }
        String file = TokenizerTables.VOCABULARY;
        var vocabulary = vocabulary(tables.label(file), tables.json(file));
        return new BytePairEncoding(vocabulary, merges(tables, vocabulary));
    }

    int vocabularySize() {
        return vocabulary.size();
    }

    /** The id of a whole token, null if the vocabulary lacks it. */
    Integer id(String token) {
        return vocabulary.get(token);
    }

    /** Bytes that one token stands for, at most. */
    int longestToken() {
        return vocabulary.keySet().stream().mapToInt(String::length).max().orElse(0);
    }

    /**
     * Appends a word's tokens. The time grows with the square of the word's length.
     *
     * @param unknown id for a byte that the vocabulary lacks
     */
    void encode(String word, int unknown, List<Integer> tokens) {
        var bytes = word.getBytes(StandardCharsets.UTF_8);
        var symbols = new ArrayList<Integer>();
        for (int i = 0; i < bytes.length; i++) {
            var symbol = byteSymbols[bytes[i] & 0xFF] + (i == bytes.length - 1 ? WORD_END : "");
            symbols.add(vocabulary.getOrDefault(symbol, unknown));
        }
        while (true) {
            Merge first = null;
            int at = 0;
            for (int i = 0; i + 1 < symbols.size(); i++) {
                var merge = merges.get(new Pair(symbols.get(i), symbols.get(i + 1)));
                if (merge != null && (first == null || merge.rank < first.rank)) {
                    first = merge;
                    at = i;
                }
            }
            if (first == null) {
                break;
            }
            symbols.set(at, first.id);
            symbols.remove(at + 1);
        }
        tokens.addAll(symbols);
    }

    private static Map<String, Integer> vocabulary(String label, JsonNode json) {
        var vocabulary = new HashMap<String, Integer>();
        var taken = new boolean[json.size()];
        for (var entry : json.properties()) {
            var id = entry.getValue();
            if (!id.isInt() || id.intValue() < 0 || id.intValue() >= taken.length || taken[id.intValue()]) {
                throw new InputException("%s: token %s has id %s, expected every id from 0 to %d once".formatted(
                        label, TextNode.valueOf(entry.getKey()), id, taken.length - 1));
            }
            taken[id.intValue()] = true;
            vocabulary.put(entry.getKey(), id.intValue());
        }
        return vocabulary;
    }

    /** One a line, behind a first line that may have the version. */
    private static Map<Pair, Merge> merges(TokenizerTables tables, Map<String, Integer> vocabulary) {
        var merges = new HashMap<Pair, Merge>();
        int number = 0;
        for (var line : tables.text(TokenizerTables.MERGES).lines().toList()) {
            number++;
            if (!line.isEmpty() && !(number == 1 && line.startsWith("#version"))) {
                add(merges, tables.label(TokenizerTables.MERGES) + ":" + number, line, line.split(" ", -1), vocabulary);
            }
        }
        return merges;
    }

    /** A list of {@code "a b"}, or since version 0.20 of the tokenizers of {@code ["a", "b"]}. */
    private static Map<Pair, Merge> merges(String label, JsonNode list, Map<String, Integer> vocabulary) {
        var merges = new HashMap<Pair, Merge>();
        for (JsonNode merge : list) {
            String[] pair = merge.isArray() ? merge.valueStream().map(JsonNode::asText).toArray(String[]::new)
                    : merge.asText().split(" ", -1);
            add(merges, label + "[" + merges.size() + "]", JsonConfig.excerpt(merge), pair, vocabulary);
        }
        return merges;
    }

    private static void add(Map<Pair, Merge> merges, String where, String found, String[] pair,
                            Map<String, Integer> vocabulary) {
        if (pair.length != 2 || pair[0].isEmpty() || pair[1].isEmpty()) {
            throw new InputException("%s: expected two symbols with a space between, found \"%s\"".formatted(
                    where, found));
        }
        for (var symbol : List.of(pair[0], pair[1], pair[0] + pair[1])) {
            if (!vocabulary.containsKey(symbol)) {
                throw new InputException("%s: \"%s\" is not in the vocabulary".formatted(where, symbol));
            }
        }
        merges.put(new Pair(vocabulary.get(pair[0]), vocabulary.get(pair[1])),
                new Merge(merges.size(), vocabulary.get(pair[0] + pair[1])));
    }

    /**
     * A printable character for each byte value: itself where Latin-1 has one, the next unused from U+0100 on for the
     * controls, the spaces and the soft hyphen.
     */
    private static String[] byteSymbols() {
        var symbols = new String[256];
        char substitute = 0x100;
        for (char b = 0; b < 256; b++) {
            boolean printable = b >= '!' && b <= '~' || b >= '¡' && b != '\u00AD';
            symbols[b] = String.valueOf(printable ? b : substitute++);
        }
        return symbols;
    }
}
