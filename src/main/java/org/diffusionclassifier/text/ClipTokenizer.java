package org.diffusionclassifier.text;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.diffusionclassifier.weights.InputException;

/**
 * CLIP's tokenizer (Radford et al. 2021, §2.4), read from the {@code tokenizer/} directory of a checkpoint. It yields the
 * ids of Hugging Face's {@code CLIPTokenizerFast}: special tokens are cut out of the text first; the rest is composed
 * (NFC), its white space collapsed, lower-cased, split into words, and each word encoded by {@link BytePairEncoding}.
 *
 * <p>Immutable, safe for use by many threads.
 */
public final class ClipTokenizer {

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

    private ClipTokenizer(BytePairEncoding encoding, SpecialTokens special, int length) {
        this.encoding = encoding;
        this.specialTokens = special.pattern();
        this.begin = encoding.id(special.begin);
        this.end = encoding.id(special.end);
        this.padding = encoding.id(special.padding);
        this.unknown = encoding.id(special.unknown);
        this.length = length;
    }

    /**
     * Reads a tokenizer.
     *
     * @param directory    holds {@code vocab.json} and {@code merges.txt}; {@code special_tokens_map.json} and
     *                     {@code tokenizer_config.json} count where they are there
     * @param maxPositions positions that the text encoder has, at least 2; the sequence is that long, or as long as the
     *                     configuration's {@code model_max_length} if that is less
     * @throws InputException if a file is missing or malformed, or a special token is not in the vocabulary
     */
    public static ClipTokenizer read(Path directory, int maxPositions) {
        var vocabularyFile = directory.resolve("vocab.json");
        var encoding = BytePairEncoding.read(vocabularyFile, directory.resolve("merges.txt"));
        var configFile = directory.resolve("tokenizer_config.json");
        var config = readJsonIfPresent(configFile);
        var special = SpecialTokens.read(readJsonIfPresent(directory.resolve("special_tokens_map.json")), config);
        special.stream().filter(token -> encoding.id(token) == null).findFirst().ifPresent(token -> {
            throw new InputException("%s: lacks the special token \"%s\"".formatted(vocabularyFile, token));
        });
        double longest = config.path("model_max_length").asDouble(maxPositions);    // some say 1e30: no limit
        int length = (int) Math.min(longest, maxPositions);
        if (length < 2) {
            throw new InputException("%s: model_max_length is %d, expected at least 2".formatted(configFile, length));
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
     * Tokenizes a prompt. What lies beyond the words that fit is not looked at; a word of n bytes takes n log n steps.
     *
     * @param text anything
     * @return [length]: the start token, the text's tokens as far as they fit, the end token, padding
     */
    public int[] encode(String text) {
        var ids = new ArrayList<Integer>();
        ids.add(begin);
        int from = 0;
        for (var token = specialTokens.matcher(text); ids.size() < length && token.find(); from = token.end()) {
            encodePlain(text.substring(from, token.start()), ids);
            ids.add(encoding.id(token.group()));
        }
        encodePlain(text.substring(from), ids);

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
        if (ids.size() >= length) {
            return;
        }
        var composed = Normalizer.normalize(text, Normalizer.Form.NFC);
        var words = WORD.matcher(lowerCase(WHITE_SPACE.matcher(composed).replaceAll(" ")));
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

    /** The tokens that stand for something else than text. */
    private record SpecialTokens(String begin, String end, String padding, String unknown) {

        static SpecialTokens read(JsonNode map, JsonNode config) {
            return new SpecialTokens(
                    content(map, config, "bos_token", "<|startoftext|>"),
                    content(map, config, "eos_token", "<|endoftext|>"),
                    content(map, config, "pad_token", "<|endoftext|>"),
                    content(map, config, "unk_token", "<|endoftext|>"));
        }

        /** A token is written as a string or as an object with its flags; the map goes before the configuration. */
        private static String content(JsonNode map, JsonNode config, String key, String otherwise) {
            return Stream.of(map.path(key), map.path(key).path("content"),
                            config.path(key), config.path(key).path("content"))
                    .filter(JsonNode::isTextual).map(JsonNode::textValue).findFirst().orElse(otherwise);
        }

        Stream<String> stream() {
            return Stream.of(begin, end, padding, unknown);
        }

        /** Any of them, the longest where several begin. */
        Pattern pattern() {
            return Pattern.compile(stream().sorted(Comparator.comparing(String::length).reversed())
                    .map(Pattern::quote).collect(Collectors.joining("|")));
        }
    }

    private static JsonNode readJsonIfPresent(Path file) {
        return Files.exists(file) ? readJson(file) : MissingNode.getInstance();
    }

    /** A JSON object. */
    static JsonNode readJson(Path file) {
        if (!Files.exists(file)) {
            throw new InputException(file + ": no such file");
        }
        try {
            var json = new ObjectMapper().readTree(Files.readAllBytes(file));
            if (!json.isObject()) {
                throw new InputException(file + ": expected a JSON object");
            }
            return json;
        } catch (JsonProcessingException e) {
            throw new InputException("%s:%d: malformed JSON: %s".formatted(
                    file, e.getLocation() == null ? 0 : e.getLocation().getLineNr(),
                    e.getOriginalMessage().replaceAll("\\s+", " ")), e);
        } catch (IOException e) {
            throw new InputException("%s: cannot be read: %s".formatted(file, e), e);
        }
    }
}
