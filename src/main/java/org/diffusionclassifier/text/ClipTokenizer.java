package org.diffusionclassifier.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.diffusionclassifier.config.TokenizerTables;
import org.diffusionclassifier.tensor.InputException;

/**
 * CLIP's tokenizer (Radford et al. 2021, §2.4), read from the tables of a checkpoint. It yields
 * the ids of Hugging Face's {@code CLIPTokenizerFast}: white space collapsed, special tokens cut out, the rest composed
 * (NFC), lower-cased, split into words, and each word encoded by {@link BytePairEncoding}.
 *
 * <p>Immutable, safe for use by many threads.
 */
public final class ClipTokenizer {

    private static final String VOCABULARY = "vocab.json";
    private static final String CONFIG = "tokenizer_config.json";

    private static final Pattern WHITE_SPACE = Pattern.compile("\\s+", Pattern.UNICODE_CHARACTER_CLASS);

    /** A contraction, a run of letters, one digit, or a run of anything else but white space. */
    private static final Pattern WORD = Pattern.compile(
            "'s|'t|'re|'ve|'m|'ll|'d|\\p{L}+|\\p{N}|[^\\s\\p{L}\\p{N}]+", Pattern.UNICODE_CHARACTER_CLASS);

    private final BytePairEncoding encoding;
    private final Pattern specialTokens;
    private final int begin;
    private final int end;
    private final int padding;
    private final int unknown;
    private final int length;

    /** Characters of a text, words one space apart, beyond which nothing can be among the first tokens. */
    private final int reach;

    private ClipTokenizer(BytePairEncoding encoding, SpecialTokens special, int length) {
        this.encoding = encoding;
        specialTokens = special.pattern();
        begin = encoding.id(special.begin);
        end = encoding.id(special.end);
        padding = encoding.id(special.padding);
        unknown = encoding.id(special.unknown);
        this.length = length;
        reach = length * (encoding.longestToken() + 1);
    }

    /**
     * Reads a tokenizer.
     *
     * @param tables       {@code vocab.json} and {@code merges.txt}; {@code special_tokens_map.json} and
     *                     {@code tokenizer_config.json} are used if they exist
     * @param maxPositions positions that the text encoder has, at least 2; the sequence is that long, or as long as the
     *                     configuration's {@code model_max_length} if that is less
     * @throws InputException if a file is missing or malformed, or a special token is not in the vocabulary
     */
    public static ClipTokenizer read(TokenizerTables tables, int maxPositions) {
        var encoding = BytePairEncoding.read(tables, VOCABULARY, "merges.txt");
        var config = readIfPresent(tables, CONFIG);
        var special = SpecialTokens.read(readIfPresent(tables, "special_tokens_map.json"), config);
        special.stream().filter(token -> encoding.id(token) == null).findFirst().ifPresent(token -> {
            throw new InputException("%s: lacks the special token %s".formatted(
                    tables.label(VOCABULARY), TextNode.valueOf(token)));
        });
        double longest = config.path("model_max_length").asDouble(maxPositions);    // some say 1e30: no limit
        int length = (int) Math.min(longest, maxPositions);
        if (length < 2) {
            throw new InputException("%s: model_max_length is %d, expected at least 2".formatted(
                    tables.label(CONFIG), length));
        }
        return new ClipTokenizer(encoding, special, length);
    }

    /** Ids in every sequence. */
    public int length() {
        return length;
    }

    /** Tokens in the vocabulary; every id is below this. */
    public int vocabularySize() {
        return encoding.vocabularySize();
    }

    /**
     * Tokenizes a prompt. If a text is much too long, only its beginning is read.
     *
     * @param text anything
     * @return [length]: the start token, the text's tokens as far as they fit, the end token, padding
     */
    public int[] encode(String text) {
        var spaced = WHITE_SPACE.matcher(text).replaceAll(" ");
        var prompt = spaced.substring(0, Math.min(spaced.length(), reach));
        var ids = new ArrayList<Integer>();
        ids.add(begin);
        int from = 0;
        for (var token = specialTokens.matcher(prompt); token.find(); from = token.end()) {
            encodePlain(prompt.substring(from, token.start()), ids);
            ids.add(encoding.id(token.group()));
        }
        encodePlain(prompt.substring(from), ids);

        var sequence = new int[length];
        Arrays.fill(sequence, padding);
        int kept = Math.min(ids.size(), length - 1);
        for (int i = 0; i < kept; i++) {
            sequence[i] = ids.get(i);
        }
        sequence[kept] = end;
        return sequence;
    }

    /** Appends the tokens of a text without special tokens, or as many of them as fit. */
    private void encodePlain(String text, List<Integer> ids) {
        var words = WORD.matcher(lowerCase(Normalizer.normalize(text, Normalizer.Form.NFC)));
        while (ids.size() < length && words.find()) {
            encoding.encode(words.group(), unknown, ids);
        }
    }

    /** Each code point on its own, so that a sigma at the end of a word stays σ. */
    private static String lowerCase(String text) {
        var lower = new StringBuilder(text.length());
        text.codePoints().forEach(c -> lower.append(Character.toString(c).toLowerCase(Locale.ROOT)));
        return lower.toString();
    }

    /** The tokens that do not stand for text. */
    private record SpecialTokens(String begin, String end, String padding, String unknown) {

        static SpecialTokens read(JsonNode map, JsonNode config) {
            return new SpecialTokens(
                    content(map, config, "bos_token", "<|startoftext|>"),
                    content(map, config, "eos_token", "<|endoftext|>"),
                    content(map, config, "pad_token", "<|endoftext|>"),
                    content(map, config, "unk_token", "<|endoftext|>"));
        }

        /**
         * A token is written as a string or as an object with its flags. The map takes precedence over the
         * configuration.
         */
        private static String content(JsonNode map, JsonNode config, String key, String otherwise) {
            return Stream.of(map.path(key), map.path(key).path("content"),
                            config.path(key), config.path(key).path("content"))
                    .filter(JsonNode::isTextual).map(JsonNode::textValue).findFirst().orElse(otherwise);
        }

        Stream<String> stream() {
            return Stream.of(begin, end, padding, unknown);
        }

        /** Matches any of them; the longest, if several begin at one place. */
        Pattern pattern() {
            return Pattern.compile(stream().sorted(Comparator.comparing(String::length).reversed())
                    .map(Pattern::quote).collect(Collectors.joining("|")));
        }
    }

    private static JsonNode readIfPresent(TokenizerTables tables, String name) {
        return tables.has(name) ? JsonTable.read(tables, name) : MissingNode.getInstance();
    }
}
