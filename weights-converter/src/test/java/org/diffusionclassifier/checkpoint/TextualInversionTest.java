package org.diffusionclassifier.checkpoint;

import static org.diffusionclassifier.testing.Fixtures.inputError;
import static org.diffusionclassifier.testing.Fixtures.resource;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.diffusionclassifier.checkpoint.ModelSpec.EmbeddingSpec;
import org.diffusionclassifier.checkpoint.ModelSpec.LoraSpec;
import org.diffusionclassifier.config.AddedToken;
import org.diffusionclassifier.convert.Converter;
import org.diffusionclassifier.safetensors.SafetensorsWriter;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.Weights;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Embeddings in every form. Those in the folder textual-inversion were written by PyTorch 1.13, with the values i / 8
 * in 2 vectors of 64: {@code torch.save({"<my-shoe>": v[0]})}, and as AUTOMATIC1111's program does with two vectors.
 */
class TextualInversionTest {

    private static final String TABLE = "embeddings.token_embedding.weight";
    private static final int ROWS = 640;
    private static final int WIDTH = 64;

    @TempDir
    Path temp;
    private Path model;

    @BeforeEach
    void writeModel() throws IOException {
        model = new SmallModel(false).directory(temp.resolve("model"), DType.F16);
    }

    /** i / 8, from the first of a vector on. */
    private static float[] expected(int vector) {
        var values = new float[WIDTH];
        for (int i = 0; i < WIDTH; i++) {
            values[i] = (vector * WIDTH + i) / 8f;
        }
        return values;
    }

    private Path safetensors(String file, String name, Integer... shape) throws IOException {
        var values = new float[Arrays.stream(shape).reduce(1, (a, b) -> a * b)];
        for (int i = 0; i < values.length; i++) {
            values[i] = i / 8f;
        }
        Path written = temp.resolve(file);
        new SafetensorsWriter().floats(name, DType.F32, List.of(shape), values).write(written);
        return written;
    }

    private Opened with(EmbeddingSpec... embeddings) {
        ModelSpec spec = ModelSpec.of(model);
        for (EmbeddingSpec embedding : embeddings) {
            spec = spec.with(embedding);
        }
        return Opened.of(spec);
    }

    private static Map<String, Integer> added(Checkpoint checkpoint) {
        return AddedToken.read(checkpoint.tokenizer("tokenizer")).stream()
                .collect(Collectors.toMap(AddedToken::content, AddedToken::id, (a, b) -> a, TreeMap::new));
    }

    private static float[] row(Checkpoint checkpoint, int row) {
        var values = new float[WIDTH];
        checkpoint.component("text_encoder").weights().read(TABLE, (long) row * WIDTH, FloatBuffer.wrap(values));
        return values;
    }

    @ParameterizedTest
    @CsvSource({"learned_embeds.bin, , <my-shoe>, 1", "learned_embeds.bin, shoe, shoe, 1", "web-ui.pt, , web-ui, 2",
        "web-ui.pt, <shoe>, <shoe>, 2"})
    void ofPytorch(String file, String token, String name, int vectors) {
        Path embedding = resource("golden/textual-inversion").resolve(file);
        try (Opened opened = with(new EmbeddingSpec(embedding, token))) {
            assertAdded(opened.checkpoint(), name, vectors);
        }
    }

    @ParameterizedTest
    @CsvSource({"<my-shoe>, , <my-shoe>, 0", "<my-shoe>, , <my-shoe>, 2", "emb_params, , style, 3",
        "emb_params, <x>, <x>, 1", "*, , style, 2"})
    void ofSafetensors(String tensor, String token, String name, int vectors) throws IOException {
        Path file = vectors == 0 ? safetensors("style.safetensors", tensor, WIDTH)
                : safetensors("style.safetensors", tensor, vectors, WIDTH);
        try (Opened opened = with(new EmbeddingSpec(file, token))) {
            assertAdded(opened.checkpoint(), name, Math.max(1, vectors));
        }
    }

    private static void assertAdded(Checkpoint checkpoint, String name, int vectors) {
        var ids = new TreeMap<String, Integer>();
        for (int i = 0; i < vectors; i++) {
            ids.put(i == 0 ? name : name + "_" + i, ROWS + i);
            assertArrayEquals(expected(i), row(checkpoint, ROWS + i));
        }
        assertEquals(ids, added(checkpoint));
        assertEquals(List.of(name), checkpoint.embeddedTokens());
        assertEquals(List.of(ROWS + vectors, WIDTH), checkpoint.component("text_encoder").weights().shape(TABLE));
        assertEquals(ROWS + vectors, new Opened(checkpoint).textEncoder().vocabSize());
    }

    @Test
    void otherTokensKeepTheirRows() throws IOException {
        Path one = safetensors("one.safetensors", "<one>", WIDTH);
        Path two = safetensors("two.safetensors", "<two>", 2, WIDTH);
        try (Opened plain = Opened.of(model);
             Opened opened = with(new EmbeddingSpec(one, null), new EmbeddingSpec(two, null))) {
            Weights before = plain.checkpoint().component("text_encoder").weights();
            Weights after = opened.checkpoint().component("text_encoder").weights();
            float[] table = before.floats(TABLE, ROWS, WIDTH);
            float[] extended = after.floats(TABLE, ROWS + 3, WIDTH);
            assertArrayEquals(table, Arrays.copyOf(extended, table.length));
            assertArrayEquals(expected(1), Arrays.copyOfRange(extended, (ROWS + 2) * WIDTH, (ROWS + 3) * WIDTH));
            assertArrayEquals(row(opened.checkpoint(), 7), Arrays.copyOfRange(table, 7 * WIDTH, 8 * WIDTH));
            var across = new float[4];
            after.read(TABLE, (long) ROWS * WIDTH - 2, FloatBuffer.wrap(across));
            assertArrayEquals(new float[] {table[table.length - 2], table[table.length - 1], 0, 1 / 8f}, across);
            assertEquals(Map.of("<one>", ROWS, "<two>", ROWS + 1, "<two>_1", ROWS + 2), added(opened.checkpoint()));
            assertEquals(DType.F16, after.dtype("final_layer_norm.weight"));
        }
    }

    @Test
    void areWrittenIntoAConvertedFile() throws IOException {
        Path file = safetensors("style.safetensors", "<x>", 2, WIDTH);
        Path converted = temp.resolve("converted.safetensors");
        try (Opened opened = with(new EmbeddingSpec(file, null))) {
            new Converter(opened.checkpoint(), opened.layout(), new Converter.Options(DType.F32, false, true, true))
                    .write(converted, bytes -> { });
        }
        try (Opened opened = Opened.of(converted)) {
            assertEquals(Map.of("<x>", ROWS, "<x>_1", ROWS + 1), added(opened.checkpoint()));
            assertArrayEquals(expected(1), row(opened.checkpoint(), ROWS + 1));
            String note = ((ConvertedFile) opened.checkpoint()).metadata().get("embedding");
            assertTrue(note.contains("\"name\":\"style.safetensors\"") && note.contains("\"vectors\":2"), note);
        }
        try (Opened again = Opened.of(ModelSpec.of(converted).with(new EmbeddingSpec(file, "<y>")))) {
            assertEquals(Map.of("<x>", ROWS, "<x>_1", ROWS + 1, "<y>", ROWS + 2, "<y>_1", ROWS + 3),
                    added(again.checkpoint()));
        }
    }

    @Test
    void whatDoesNotFitIsNamedInOneLine() throws IOException {
        Path wide = safetensors("wide.safetensors", "<x>", 1, 768);
        assertEquals(wide + ": tensor <x>: expected [64] or [n, 64], as the model's text encoder has, found [1, 768]",
                inputError(() -> with(new EmbeddingSpec(wide, null))));
        Path cube = safetensors("cube.safetensors", "<x>", 1, 1, WIDTH);
        assertTrue(inputError(() -> with(new EmbeddingSpec(cube, null))).startsWith(cube + ": tensor <x>: expected"));
        Path fine = safetensors("fine.safetensors", "<x>", WIDTH);
        String exists = "embeddings: expected a token that the model does not have for " + fine + ", found ";
        assertEquals(exists + "\"a\", which it has", inputError(() -> with(new EmbeddingSpec(fine, "a"))));
        assertEquals(exists + "\"<x>\", which it has", inputError(() -> with(new EmbeddingSpec(fine, null),
                new EmbeddingSpec(fine, null))));
        assertEquals("embeddings: expected a token for " + fine + ", found a blank",
                inputError(() -> new EmbeddingSpec(fine, " ")));
        Path nowhere = temp.resolve("nowhere.safetensors");
        assertTrue(inputError(() -> with(new EmbeddingSpec(nowhere, null))).startsWith(nowhere + ": cannot be read"));
        Path sdxl = temp.resolve("sdxl.safetensors");
        new SafetensorsWriter().floats("clip_g", DType.F32, List.of(1), new float[1])
                .floats("clip_l", DType.F32, List.of(1), new float[1]).write(sdxl);
        assertEquals(sdxl + ": expected one tensor, named by the token that it stands for, found clip_g, clip_l",
                inputError(() -> with(new EmbeddingSpec(sdxl, null))));
    }

    @Test
    void settingsNameThem() {
        var settings = new LinkedHashMap<String, String>();
        ModelSpec.of(model).with(new EmbeddingSpec(Path.of("a.pt"), "<x>"))
                .with(new EmbeddingSpec(Path.of("b.pt"), null))
                .with(new LoraSpec(Path.of("l.safetensors"), 1)).describe(settings);
        assertEquals("a.pt:<x>, b.pt", settings.get("embedding"));
        assertEquals("l.safetensors", settings.get("lora"));
    }
}
