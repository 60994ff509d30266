package org.diffusionclassifier.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeout;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.diffusionclassifier.config.TokenizerTables;
import org.diffusionclassifier.tensor.InputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Against ids of Hugging Face's tokenizers (the Rust library 0.21, as {@code ai.djl.huggingface:tokenizers:0.38.0} has
 * it), which read the same {@code tokenizer.json}. That is a model of 700 pieces, trained by SentencePiece 0.1.97 on
 * this project's pages with a normalisation table of 140 rules, in the form into which transformers converts T5's
 * ({@code convert_slow_tokenizer.T5Converter}).
 */
class UnigramTokenizerTest {

    private static final int LENGTH = 512;

    /** A text, and its ids with the pre-tokenizer as transformers writes it, as it once did, and in two other ways. */
    record Case(String text, int[] always, int[] split, int[] first, int[] whole) {
    }

    static Stream<Case> cases() throws IOException {
        return Stream.of(new ObjectMapper().readValue(resource("unigram-cases.json"), Case[].class));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void equalsHuggingFace(Case expected) throws IOException {
        assertIds(expected.always, expected.text, json -> { });
        assertIds(expected.split, expected.text, json -> {
            json.set("normalizer", json.at("/normalizer/normalizers/0"));
            var steps = json.putObject("pre_tokenizer").put("type", "Sequence").putArray("pretokenizers");
            steps.addObject().put("type", "WhitespaceSplit");
            steps.addObject().put("type", "Metaspace").put("replacement", "▁").put("add_prefix_space", true);
        });
        assertIds(expected.first, expected.text, json -> metaspace(json).put("prepend_scheme", "first"));
        assertIds(expected.whole, expected.text,
                json -> metaspace(json).put("prepend_scheme", "never").put("split", false));
    }

    private static ObjectNode metaspace(ObjectNode json) {
        return (ObjectNode) json.get("pre_tokenizer");
    }

    private static void assertIds(int[] expected, String text, Consumer<ObjectNode> change) throws IOException {
        TokenSequence found = UnigramTokenizer.read(tables(change), LENGTH).tokenize(text);
        assertArrayEquals(expected, Arrays.copyOf(found.ids(), expected.length), text);
        assertTrue(Arrays.stream(found.ids()).skip(expected.length).allMatch(id -> id == 0), text);
        assertEquals(0, found.lost());
    }

    @Test
    void whatDoesNotFitIsCountedAndTheEndKept() throws IOException {
        var tokenizer = UnigramTokenizer.read(tables(json -> { }), 4);
        int[] all = UnigramTokenizer.read(tables(json -> { }), LENGTH).encode("one two three");
        int tokens = (int) Arrays.stream(all).takeWhile(id -> id != 1).count();
        TokenSequence cut = tokenizer.tokenize("one two three");
        assertArrayEquals(new int[] {all[0], all[1], all[2], 1}, cut.ids());
        assertEquals(tokens - 3, cut.lost());
        assertEquals(702, tokenizer.vocabularySize());
    }

    @Test
    void theConfigurationSaysLengthAndPadding() throws IOException {
        var files = new HashMap<>(tables(json -> { }).files());
        files.put("tokenizer_config.json", "\uFEFF{\"model_max_length\": 3, \"pad_token\": {\"content\": \"</s>\"}}"
                .getBytes(StandardCharsets.UTF_8));
        var tokenizer = UnigramTokenizer.read(new TokenizerTables("here", files), LENGTH);
        assertArrayEquals(new int[] {1, 1, 1}, tokenizer.encode(""));
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "the ", " ", "\uD83D\uDE00", "\uD800", "\u0301\u0316", "<extra_id_0>", "▁"})
    void aMegabyteOfTextTakesBoundedTime(String piece) throws IOException {
        var tokenizer = UnigramTokenizer.read(tables(json -> { }), 77);
        var text = piece.repeat(1_000_000 / piece.length());
        assertEquals(77, assertTimeout(Duration.ofSeconds(10), () -> tokenizer.encode(text)).length);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "/model                   | type                 | BPE         | model.type",
        "/model                   | byte_fallback        | true        | model.byte_fallback",
        "/model                   | unk_id               | 702         | model.unk_id",
        "/model                   | vocab                | [[\"a\"]]   | model.vocab[0]",
        "/pre_tokenizer           | type                 | BertPreTokenizer | pre_tokenizer",
        "/pre_tokenizer           | prepend_scheme       | last        | pre_tokenizer.prepend_scheme",
        "/normalizer/normalizers/0| precompiled_charsmap | AAAA        | normalizer.precompiled_charsmap",
        "/normalizer/normalizers/0| precompiled_charsmap | !           | normalizer.precompiled_charsmap",
        "/normalizer/normalizers/1| type                 | StripAccents| normalizer",
        "/normalizer/normalizers/2/pattern | Regex       | (a+)+b      | normalizer",
        "/post_processor          | type                 | Other       | post_processor"})
    void whatIsNotKnownIsRefusedByName(String where, String key, String value, String named) throws IOException {
        var mapper = new ObjectMapper();
        TokenizerTables tables = tables(json -> {
            try {
                ((ObjectNode) json.at(where)).set(key, value.matches("\\[.*|true|\\d+") ? mapper.readTree(value)
                        : mapper.getNodeFactory().textNode(value));
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        });
        String message = assertThrows(InputException.class, () -> UnigramTokenizer.read(tables, LENGTH)).getMessage();
        assertTrue(message.startsWith("here/tokenizer.json: " + named + " = "), message);
        assertEquals(1, message.lines().count());
    }

    @Test
    void aMissingEndIsNamed() throws IOException {
        TokenizerTables tables = tables(json ->
                ((ObjectNode) json.at("/post_processor/single/1/SpecialToken")).put("id", "<end>"));
        assertEquals("here/tokenizer.json: lacks the special token \"<end>\"", assertThrows(InputException.class,
                () -> UnigramTokenizer.read(tables, LENGTH)).getMessage());
    }

    /** Every offset of such a table may point anywhere: whatever comes, it ends, and within the table. */
    @Test
    void aDamagedTableOfReplacementsIsHarmless() throws IOException {
        byte[] table = Base64.getDecoder().decode(tables(json -> { }).json("tokenizer.json")
                .at("/normalizer/normalizers/0/precompiled_charsmap").asText());
        var random = new SplittableRandom(1);
        for (int i = 0; i < 2000; i++) {
            byte[] damaged = table.clone();
            for (int flips = 0; flips < 20; flips++) {
                damaged[4 + random.nextInt(damaged.length - 4)] = (byte) random.nextInt(256);
            }
            assertTrue(new PrecompiledCharsMap(damaged).apply("ﬁ ａ\u00A0e\u0301 plain").length() >= 0);
        }
    }

    private static TokenizerTables tables(Consumer<ObjectNode> change) throws IOException {
        var mapper = new ObjectMapper();
        var json = (ObjectNode) mapper.readTree(resource("unigram.json"));
        change.accept(json);
        return new TokenizerTables("here", Map.of("tokenizer.json", mapper.writeValueAsBytes(json)));
    }

    private static byte[] resource(String name) throws IOException {
        try (var stream = UnigramTokenizerTest.class.getResourceAsStream("/golden/tokenizers/" + name)) {
            return stream.readAllBytes();
        }
    }
}
