package org.diffusionclassifier.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.diffusionclassifier.config.AddedToken;
import org.diffusionclassifier.config.TokenizerTables;
import org.diffusionclassifier.tensor.InputException;

/**
 * CLIP's tokenizer (Radford et al. 2021, §2.4), read from the tables of a checkpoint. It yields
 * the ids of Hugging Face's {@code CLIPTokenizerFast}: special and {@link AddedTokens} cut out, the rest composed
 * (NFC), its white space collapsed, lower-cased, split into words, each word encoded by {@link BytePairEncoding}.
 */
public final class ClipTokenizer implements Tokenizer {

    /** A contraction, a run of letters, one digit, or a run of anything else but white space. */
    private static final Pattern WORD = Pattern.compile(
            "'s|'t|'re|'ve|'m|'ll|'d|\\p{L}+|\\p{N}|[^\\s\\p{L}\\p{N}]+", Pattern.UNICODE_CHARACTER_CLASS);

    private final BytePairEncoding encoding;
    private final AddedTokens added;
    private final int begin;
    private final int end;
    private final int padding;
    private final int unknown;
    private final int length;
    private final int vocabularySize;

    /** Characters of a text, words one space apart, beyond which nothing can be among the first tokens. */
    private final int reach;

    private ClipTokenizer(BytePairEncoding encoding, Map<String, AddedToken> tokens, SpecialTokens special,
                          int length) {
        this.encoding = encoding;
        added = new AddedTokens(tokens.values(), ClipTokenizer::normalize);
        begin = tokens.get(special.begin).id();
        end = tokens.get(special.end).id();
        padding = tokens.get(special.padding).id();
        unknown = tokens.get(special.unknown).id();
        this.length = length;
        vocabularySize = Math.max(encoding.vocabularySize(),
                1 + tokens.values().stream().mapToInt(AddedToken::id).max().orElseThrow());
        reach = length * (Math.max(encoding.longestToken(), added.longest()) + 1);
    }

    /**
     * Reads a tokenizer.
     *
     * @param tables       {@code vocab.json} and {@code merges.txt}, or {@code tokenizer.json}; the others of
     *                     {@link TokenizerTables} are used if they exist
     * @param maxPositions positions that the text encoder has, at least 2; the sequence is that long, or as long as the
     *                     configuration's {@code model_max_length} if that is less
     * @throws InputException if a file is missing, malformed or another tokenizer's, or a special token is neither in
     *                        the vocabulary nor added
     */
    public static ClipTokenizer read(TokenizerTables tables, int maxPositions) {
        var encoding = BytePairEncoding.read(tables);
        JsonNode config = tables.jsonIfPresent(TokenizerTables.CONFIG);
        SpecialTokens special = SpecialTokens.read(tables);
        if (tables.isWhole() && !TextEnds.read(tables).equals(new TextEnds(List.of(special.begin),
                List.of(special.end)))) {
            throw tables.unsupported(TokenizerTables.WHOLE, "post_processor",
                    tables.json(TokenizerTables.WHOLE).path("post_processor"), special.begin + " before a text and "
                            + special.end + " behind it");
        }
        double longest = config.path("model_max_length").asDouble(maxPositions);    // some say 1e30: no limit
        int length = (int) Math.min(longest, maxPositions);
        if (length < 2) {
            throw new InputException("%s: model_max_length is %d, expected at least 2".formatted(
                    tables.label(TokenizerTables.CONFIG), length));
        }
        return new ClipTokenizer(encoding, tokens(tables, encoding, special), special, length);
    }

    /** Added and special tokens by their contents. */
    private static Map<String, AddedToken> tokens(TokenizerTables tables, BytePairEncoding encoding,
                                                  SpecialTokens special) {
        var tokens = new LinkedHashMap<String, AddedToken>();
        AddedTokens.read(tables, encoding::id, encoding.vocabularySize())
                .forEach(token -> tokens.put(token.content(), token));
        special.flags.forEach((content, flags) -> {
            Integer id = encoding.id(content);
            if (id == null && !tokens.containsKey(content)) {
                throw new InputException("%s: lacks the special token %s".formatted(tables.label(tables.isWhole()
                        ? TokenizerTables.WHOLE : TokenizerTables.VOCABULARY), TextNode.valueOf(content)));
            }
            tokens.computeIfAbsent(content, missing -> AddedToken.of(content, id, flags, true));
        });
        return tokens;
    }

    /** The token that ends a text. */
    public int end() {
        return end;
    }

    /** The token that fills a sequence up. */
    public int padding() {
        return padding;
    }

    @Override
    public int length() {
        return length;
    }

    @Override
    public int vocabularySize() {
        return vocabularySize;
    }

    @Override
    public TokenSequence tokenize(String text) {
        String prompt = beginning(text);
        var ids = new ArrayList<Integer>();
        for (AddedTokens.Piece piece : added.split(prompt)) {
            if (piece.isToken()) {
                ids.addAll(piece.ids());
            } else {
                WORD.matcher(piece.text()).results().forEach(word -> encoding.encode(word.group(), unknown, ids));
            }
        }
        return TokenSequence.of(List.of(begin), ids, List.of(end), length, padding, prompt.length() == text.length());
    }

    /** As much of a text as can matter: a run of white space counts as one character of {@link #reach}. */
    private String beginning(String text) {
        boolean blank = false;
        int counted = 0;
        int at = 0;
        for (; at < text.length() && counted < reach; at++) {
            boolean blankBefore = blank;
            blank = WhiteSpace.is(text.charAt(at));
            counted += blank && blankBefore ? 0 : 1;
        }
        return text.substring(0, at);
    }

    private static String normalize(String text) {
        return TextNormalizer.lowerCase(WhiteSpace.RUN.matcher(Normalizer.normalize(text, Normalizer.Form.NFC))
                .replaceAll(" "));
    }

    /**
     * The tokens that do not stand for text.
     *
     * @param flags by each one's content, what the files say of it
     */
    private record SpecialTokens(String begin, String end, String padding, String unknown,
                                 Map<String, JsonNode> flags) {

        static SpecialTokens read(TokenizerTables tables) {
            JsonNode map = tables.jsonIfPresent(TokenizerTables.SPECIAL);
            JsonNode config = tables.jsonIfPresent(TokenizerTables.CONFIG);
            JsonNode padding = tables.isWhole() ? tables.json(TokenizerTables.WHOLE).path("padding") : map.path("");
            var flags = new LinkedHashMap<String, JsonNode>();
            return new SpecialTokens(
                    content(map, config, "bos_token", "<|startoftext|>", flags),
                    content(map, config, "eos_token", "<|endoftext|>", flags),
                    content(map, config, "pad_token", padding.path("pad_token").asText("<|endoftext|>"), flags),
                    content(map, config, "unk_token", "<|endoftext|>", flags), flags);
        }

        /**
         * A token is written as a string or as an object with its flags. The map takes precedence over the
         * configuration.
         */
        private static String content(JsonNode map, JsonNode config, String key, String otherwise,
                                      Map<String, JsonNode> flags) {
            JsonNode token = Stream.of(map.path(key), config.path(key))
                    .filter(node -> node.isTextual() || node.path("content").isTextual()).findFirst()
                    .orElse(TextNode.valueOf(otherwise));
            String content = token.isTextual() ? token.textValue() : token.path("content").textValue();
            flags.putIfAbsent(content, token);
            return content;
        }
    }
}
