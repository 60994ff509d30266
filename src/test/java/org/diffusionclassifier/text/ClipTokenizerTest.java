package org.diffusionclassifier.text;

import static java.util.stream.Collectors.joining;
import static org.diffusionclassifier.testing.Fixtures.inputError;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeout;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.diffusionclassifier.config.TokenizerTables;
import org.diffusionclassifier.tensor.InputException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Against the ids that Hugging Face's fast CLIP tokenizer gives, with the files of the bundled model. */
class ClipTokenizerTest {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final List<String> FILES =
            List.of("vocab.json", "merges.txt", "special_tokens_map.json", "tokenizer_config.json");

    @TempDir
    Path directory;

    record Case(String text, int[] ids) {
    }

    static Stream<Case> cases() throws IOException {
        return Stream.of(new ObjectMapper().readValue(resource("/golden/tokenizer-cases.json"), Case[].class));
    }

    @BeforeEach
    void copyTokenizer() throws IOException {
        copyTo(directory);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void equalsHuggingFace(Case expected) {
        assertArrayEquals(expected.ids, ClipTokenizer.read(tables(), 77).encode(expected.text), expected.text);
    }

    /**
     * Ids of Hugging Face's tokenizers (the Rust library 0.21, as {@code ai.djl.huggingface:tokenizers:0.38.0} has it)
     * with {@code clip.json}: the bundled model's tokenizer as transformers 5.18 saves it, with more tokens.
     */
    static Stream<Case> casesWithAddedTokens() throws IOException {
        return Stream.of(JSON.readValue(resource("/golden/tokenizers/clip-cases.json"), Case[].class));
    }

    @ParameterizedTest
    @MethodSource("casesWithAddedTokens")
    void addedTokensAreCutOut(Case expected) throws IOException {
        for (Form form : Form.values()) {
            TokenSequence found = ClipTokenizer.read(form.tables(), 512).tokenize(expected.text);
            int[] ids = Arrays.copyOf(found.ids(), expected.ids.length);
            assertArrayEquals(expected.ids, ids, () -> form + ": " + expected.text);
            assertTrue(Arrays.stream(found.ids()).skip(ids.length).allMatch(id -> id == 644), expected.text);
            assertEquals(new TokenSequence(found.ids(), 0, true), found);
        }
    }

    /** The forms in which one tokenizer comes. */
    enum Form {
        TODAY, MERGES_AS_STRINGS, WITH_VOCABULARY;

        TokenizerTables tables() throws IOException {
            var json = (ObjectNode) JSON.readTree(resource("/golden/tokenizers/clip.json"));
            if (this == WITH_VOCABULARY) {
                var config = JSON.createObjectNode().put("pad_token", "<|endoftext|>");
                var decoder = config.putObject("added_tokens_decoder");
                json.get("added_tokens").forEach(token -> decoder.set(token.get("id").asText(), token));
                return files("vocab.json", resource("/demo-model/tokenizer/vocab.json"), "merges.txt",
                        withMark(resource("/demo-model/tokenizer/merges.txt")), "tokenizer_config.json",
                        withMark(JSON.writeValueAsBytes(config)));
            }
            var model = (ObjectNode) json.get("model");
            if (this == MERGES_AS_STRINGS) {
                var merges = JSON.createArrayNode();
                model.get("merges").forEach(pair -> merges.add(pair.get(0).asText() + " " + pair.get(1).asText()));
                model.set("merges", merges);
            }
            return files("tokenizer.json", withMark(JSON.writeValueAsBytes(json)));
        }

        /** As some editors save a file. */
        private static byte[] withMark(byte[] utf8) {
            return ("\uFEFF" + new String(utf8, StandardCharsets.UTF_8)).getBytes(StandardCharsets.UTF_8);
        }
    }

    private static TokenizerTables files(Object... files) {
        var map = new HashMap<String, byte[]>();
        for (int i = 0; i < files.length; i += 2) {
            map.put((String) files[i], files[i + 1] instanceof byte[] bytes ? bytes
                    : files[i + 1].toString().getBytes(StandardCharsets.UTF_8));
        }
        return new TokenizerTables("here", map);
    }

    /** Ids beyond the vocabulary's and no flags, as transformers wrote before 4.34; diffusers' several vectors. */
    @Test
    void addedTokensOfTheOldFormAndOfSeveralVectors() throws IOException {
        Files.writeString(directory.resolve("added_tokens.json"),
                "\uFEFF{\"<my-shoe>\": 645, \"<x>\": 700, \"<x>_1\": 647, \"<x>_2\": 646, \"<y>_1\": 648}");
        var tokenizer = ClipTokenizer.read(tables(), 12);
        assertEquals(701, tokenizer.vocabularySize());
        assertArrayEquals(new int[] {643, 320, 645, 320, 644}, head(tokenizer, "a <MY-SHOE> a", 5));
        assertArrayEquals(new int[] {643, 320, 700, 647, 646, 320, 644}, head(tokenizer, "a<x>a", 7));
        assertArrayEquals(new int[] {643, 647, 648, 644}, head(tokenizer, "<x>_1 <y>_1", 4));
    }

    private static int[] head(Tokenizer tokenizer, String text, int ids) {
        return Arrays.copyOf(tokenizer.encode(text), ids);
    }

    @Test
    void whatIsCutIsCounted() {
        var tokenizer = ClipTokenizer.read(tables(), 6);
        assertEquals(0, tokenizer.tokenize("a a a a").lost());
        assertEquals(3, tokenizer.tokenize("a a a a a the a").lost());
        assertTrue(tokenizer.tokenize("a".repeat(50)).read());
        TokenSequence cut = tokenizer.tokenize("a ".repeat(100_000));
        assertTrue(!cut.read() && cut.lost() > 20, cut.toString());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "{\"<x>\": 5} | {} | : added token \"<x>\" has id 5, expected",
        "{\"th\": 700} | {} | : added token \"th\" has id 700, expected",
        "{\"<x>\": -1} | {} | /added_tokens.json: expected added tokens",
        "{\"<x>\": 1e9} | {} | /added_tokens.json: expected added tokens",
        "{\"\": 700} | {} | /added_tokens.json: expected added tokens",
        "{\"<x>\": 700} | {\"added_tokens_decoder\": {\"701\": {\"content\": \"<x>\"}}} "
            + "| /added_tokens.json: token \"<x>\" has id 700",
        "{} | {\"added_tokens_decoder\": {\"x\": {\"content\": \"<x>\"}}} | /tokenizer_config.json: expected added",
        "{} | {\"added_tokens_decoder\": {\"700\": {\"content\": 7}}}| /tokenizer_config.json: expected added",
        "[] | {} | /added_tokens.json: expected a JSON object"})
    void wrongAddedTokensAreNamed(String added, String config, String message) throws IOException {
        Files.writeString(directory.resolve("added_tokens.json"), added);
        Files.writeString(directory.resolve("tokenizer_config.json"), config);
        assertTrue(refusal().startsWith(directory + message), refusal());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "/model                          | type               | Unigram | model.type",
        "/model                          | end_of_word_suffix | _       | model.end_of_word_suffix",
        "/model                          | continuing_subword_prefix | ## | model.continuing_subword_prefix",
        "/model                          | dropout            | 0.1     | model.dropout",
        "/model                          | byte_fallback      | true    | model.byte_fallback",
        "/model                          | ignore_merges      | true    | model.ignore_merges",
        "/normalizer/normalizers/0       | type               | NFKC    | normalizer",
        "/normalizer/normalizers/2       | type               | Nmt     | normalizer",
        "/pre_tokenizer/pretokenizers/0/pattern | Regex       | \\w+  | pre_tokenizer",
        "/pre_tokenizer/pretokenizers/1  | add_prefix_space   | true    | pre_tokenizer",
        "/post_processor                 | type               | Other   | post_processor",
        "/post_processor                 | sep                | [\"!\", 0] | post_processor"})
    void anotherTokenizerIsRefusedByName(String where, String key, String value, String named) throws IOException {
        var json = (ObjectNode) JSON.readTree(resource("/golden/tokenizers/clip.json"));
        ((ObjectNode) json.at(where)).set(key, value.matches("\\[.*|true|0.1") ? JSON.readTree(value)
                : JSON.getNodeFactory().textNode(value));
        TokenizerTables tables = files("tokenizer.json", json.toString());
        String message = assertThrows(InputException.class, () -> ClipTokenizer.read(tables, 77)).getMessage();
        assertTrue(message.startsWith("here/tokenizer.json: " + named + " = "), message);
        assertEquals(1, message.lines().count());
    }

    /** Settings stand beside the file; vocabulary and merges there are not looked at. */
    @Test
    void theFileItselfCanBeGiven() throws IOException {
        Files.write(directory.resolve("tokenizer.json"), resource("/golden/tokenizers/clip.json"));
        Files.writeString(directory.resolve("vocab.json"), "{}");
        Files.delete(directory.resolve("special_tokens_map.json"));
        Files.writeString(directory.resolve("tokenizer_config.json"),
                "{\"model_max_length\": 20, \"pad_token\": \"!\"}");
        var tokenizer = ClipTokenizer.read(TokenizerTables.read(directory.resolve("tokenizer.json")), 77);
        assertEquals(20, tokenizer.length());
        assertArrayEquals(new int[] {643, 645, 644, 0}, head(tokenizer, "<my-shoe>", 4));
        Path other = Files.writeString(directory.resolve("other.json"), "{}");
        assertEquals(other + ": expected the folder of a tokenizer's files, or a tokenizer.json, found another file",
                assertThrows(InputException.class, () -> TokenizerTables.read(other)).getMessage());
    }

    @Test
    void sequenceIsAsLongAsTheShorterLimit() throws IOException {
        assertEquals(32, ClipTokenizer.read(tables(), 77).length());
        assertEquals(16, ClipTokenizer.read(tables(), 16).length());
        assertEquals(16, ClipTokenizer.read(tables(), 16).encode("word ".repeat(99)).length);
        Files.writeString(directory.resolve("tokenizer_config.json"),
                "{\"model_max_length\": 1000000000000000019884624838656}");
        assertEquals(77, ClipTokenizer.read(tables(), 77).length());
        Files.delete(directory.resolve("tokenizer_config.json"));
        assertEquals(77, ClipTokenizer.read(tables(), 77).length());
    }

    /** A byte order mark, null for a default, and a number of Python's that nobody reads. */
    @Test
    void readsAConfigurationAsItsWritersWriteIt() throws IOException {
        Files.delete(directory.resolve("special_tokens_map.json"));
        Files.writeString(directory.resolve("tokenizer_config.json"),
                "\uFEFF{\"model_max_length\": null, \"pad_token\": null, \"bos_token\": null, \"x\": -Infinity}");
        assertEquals(77, ClipTokenizer.read(tables(), 77).length());
        assertArrayEquals(new int[] {643, 320, 644, 644}, ClipTokenizer.read(tables(), 4).encode("a"));
    }

    @Test
    void aGitPointerIsCalledByItsName() throws IOException {
        Files.writeString(directory.resolve("tokenizer_config.json"),
                "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n");
        String message = inputError(() -> ClipTokenizer.read(tables(), 77));
        assertTrue(message.contains("tokenizer_config.json: expected JSON, found a Git LFS pointer"), message);
    }

    @Test
    void vocabularySizeCountsEveryToken() {
        assertEquals(645, ClipTokenizer.read(tables(), 77).vocabularySize());
    }

    @Test
    void specialTokensDefaultToThoseOfClip() throws IOException {
        Files.delete(directory.resolve("special_tokens_map.json"));
        Files.delete(directory.resolve("tokenizer_config.json"));
        assertArrayEquals(new int[] {643, 320, 644, 644}, ClipTokenizer.read(tables(), 4).encode("a"));
    }

    /** As in Stable Diffusion 2; being special, that token is then recognised in the text too. */
    @ParameterizedTest
    @ValueSource(strings = {"{\"pad_token\": \"!\"}", "{\"pad_token\": {\"content\": \"!\", \"lstrip\": false}}"})
    void paddingCanBeAnotherTokenThanTheEnd(String map) throws IOException {
        Files.writeString(directory.resolve("special_tokens_map.json"), map);
        var tokenizer = ClipTokenizer.read(tables(), 77);
        assertArrayEquals(new int[] {643, 320, 644, 0, 0, 0}, IntStream.of(tokenizer.encode("a")).limit(6).toArray());
        assertArrayEquals(new int[] {643, 320, 0, 644}, IntStream.of(tokenizer.encode("a!")).limit(4).toArray());
    }

    @Test
    void truncatedTextStillEnds() {
        var ids = ClipTokenizer.read(tables(), 5).encode("a a a a a a <|endoftext|> a");
        assertArrayEquals(new int[] {643, 320, 320, 320, 644}, ids);
        assertArrayEquals(new int[] {643, 644}, ClipTokenizer.read(tables(), 2).encode("a a"));
    }

    @Test
    void combiningMarksAreComposedFirst() {
        var tokenizer = ClipTokenizer.read(tables(), 77);
        assertArrayEquals(tokenizer.encode("caf\u00E9"), tokenizer.encode("cafe\u0301"));
    }

    /** Ranks decide, not length or place: with "b c" first, abc is a + bc; with "a b" first, ab + c. */
    @ParameterizedTest
    @CsvSource({"'b c</w>\na b\n', a bc</w>", "'a b\nb c</w>\n', ab c</w>", "'a b\nab c</w>\n', abc</w>"})
    void pairsMergeByRank(String merges, String expected) throws IOException {
        var symbols = List.of("<|startoftext|>", "<|endoftext|>", "a", "b", "c</w>", "ab", "bc</w>", "abc</w>");
        writeTokenizer(symbols, "#version: 0.2\n" + merges);
        var ids = ClipTokenizer.read(tables(), 10).encode("abc");
        var tokens = IntStream.of(ids).skip(1).takeWhile(id -> id != 1).mapToObj(symbols::get).collect(joining(" "));
        assertEquals(expected, tokens);
    }

    @Test
    void overlappingPairsMergeFromTheLeftAndMissingBytesAreUnknown() throws IOException {
        writeTokenizer(List.of("<|startoftext|>", "<|endoftext|>", "a", "aa", "aaaa", "a</w>"), "a a\naa aa\n");
        var tokenizer = ClipTokenizer.read(tables(), 10);
        assertArrayEquals(new int[] {0, 4, 3, 5, 1, 1, 1, 1, 1, 1}, tokenizer.encode("a".repeat(7)));
        assertArrayEquals(new int[] {0, 2, 1, 5, 1, 1, 1, 1, 1, 1}, tokenizer.encode("aza"));
    }

    /** The last of these takes the JDK's normalizer quadratic time, and with it every tokenizer that feeds it all. */
    @ParameterizedTest
    @ValueSource(strings = {"a", "the", "the ", "!", "<|endoftext|", "<|endoftext|>", "\uD83D\uDE00", "\uD800",
        "\u0301\u0316"})
    void aMegabyteOfTextTakesBoundedTime(String piece) {
        var tokenizer = ClipTokenizer.read(tables(), 77);
        var text = piece.repeat(1_000_000 / piece.length());
        var ids = assertTimeout(Duration.ofSeconds(10), () -> tokenizer.encode(text));
        assertArrayEquals(tokenizer.encode(piece.repeat(40)), ids);
    }

    @Test
    void spacesDoNotCountAgainstTheLimit() {
        var tokenizer = ClipTokenizer.read(tables(), 77);
        assertArrayEquals(tokenizer.encode("a photo"), tokenizer.encode("a" + " ".repeat(1_000_000) + "photo"));
    }

    @Test
    void readsFromAnyFileSystem() throws IOException {
        var zip = URI.create("jar:" + directory.resolve("model.zip").toUri());
        try (var files = FileSystems.newFileSystem(zip, Map.of("create", "true"))) {
            copyTo(files.getPath("/"));
            assertEquals(32, ClipTokenizer.read(TokenizerTables.read(files.getPath("/")), 77).length());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"vocab.json", "merges.txt"})
    void missingFileIsNamed(String file) throws IOException {
        Files.delete(directory.resolve(file));
        assertEquals(directory.resolve(file) + ": no such file", refusal());
    }

    @ParameterizedTest
    @CsvSource({"the, 3", "t  he, 3", "t h e, 3", "t q, 3", "qq h, 3", "'\nthe', 4"})
    void badMergeIsNamedByLine(String lines, int number) throws IOException {
        var file = directory.resolve("merges.txt");
        Files.writeString(file, "#version: 0.2\na n\n" + lines + "\n");
        assertTrue(refusal().startsWith(file + ":" + number + ": "), refusal());
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"a\": 0, \"b\": 2}", "{\"a\": 0, \"b\": 0}", "{\"a\": -1}", "{\"a\": 0.0}",
        "{\"a\": \"0\"}", "{\"a\": 4294967296}", "{\"a\\nb\": 5}", "[1, 2]", "7", "{\"a\": ", "{} {"})
    void badVocabularyIsNamed(String vocabulary) throws IOException {
        Files.writeString(directory.resolve("vocab.json"), vocabulary);
        Files.writeString(directory.resolve("merges.txt"), "");
        assertTrue(refusal().startsWith(directory.resolve("vocab.json") + ":"), refusal());
    }

    @Test
    void missingSpecialTokenIsNamed() throws IOException {
        Files.writeString(directory.resolve("special_tokens_map.json"), "{\"pad_token\": \"<pad>\"}");
        assertEquals(directory.resolve("vocab.json") + ": lacks the special token \"<pad>\"", refusal());
    }

    @Test
    void aSequenceWithoutRoomIsRefused() throws IOException {
        Files.writeString(directory.resolve("tokenizer_config.json"), "{\"model_max_length\": 1}");
        assertTrue(refusal().startsWith(directory.resolve("tokenizer_config.json") + ": model_max_length is 1"));
    }

    private TokenizerTables tables() {
        return TokenizerTables.read(directory);
    }

    private String refusal() {
        var message = assertThrows(InputException.class, () -> ClipTokenizer.read(tables(), 77)).getMessage();
        assertEquals(1, message.lines().count(), message);
        return message;
    }

    private void writeTokenizer(List<String> symbols, String merges) throws IOException {
        var vocabulary = IntStream.range(0, symbols.size())
                .mapToObj(id -> "\"%s\": %d".formatted(symbols.get(id), id)).collect(joining(", ", "{", "}"));
        Files.writeString(directory.resolve("vocab.json"), vocabulary);
        Files.writeString(directory.resolve("merges.txt"), merges);
    }

    private static void copyTo(Path directory) {
        FILES.forEach(file -> {
            try {
                Files.write(directory.resolve(file), resource("/demo-model/tokenizer/" + file));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    private static byte[] resource(String path) throws IOException {
        try (var stream = ClipTokenizerTest.class.getResourceAsStream(path)) {
            return stream.readAllBytes();
        }
    }
}
