package org.diffusionclassifier.config;

import static org.diffusionclassifier.config.ClipTextConfig.Activation.GELU;
import static org.diffusionclassifier.config.ClipTextConfig.Activation.QUICK_GELU;
import static org.diffusionclassifier.testing.Fixtures.edited;
import static org.diffusionclassifier.testing.Fixtures.inputError;
import static org.diffusionclassifier.testing.Fixtures.resource;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ClipTextConfigTest {

    private static final String SD_2_1 = "published/sd-2.1/text_encoder/config.json";

    @TempDir
    Path temp;

    @Test
    void readsThePublishedModels() {
        assertEquals(new ClipTextConfig(49408, 768, 3072, 12, 12, 77, QUICK_GELU, 1e-5f),
                ClipTextConfig.read(resource("published/sd-1.5/text_encoder/config.json")));
        assertEquals(new ClipTextConfig(49408, 1024, 4096, 23, 16, 77, GELU, 1e-5f),
                ClipTextConfig.read(resource(SD_2_1)));
    }

    @Test
    void readsTheGoldenAndTheDemoModels() {
        assertEquals(new ClipTextConfig(300, 32, 128, 2, 4, 16, QUICK_GELU, 1e-5f),
                ClipTextConfig.read(resource("golden/clip-text-sd1-tiny/config.json")));
        assertEquals(new ClipTextConfig(300, 48, 192, 2, 3, 16, GELU, 1e-5f),
                ClipTextConfig.read(resource("golden/clip-text-sd2-tiny/config.json")));
        assertEquals(new ClipTextConfig(645, 128, 512, 3, 4, 32, QUICK_GELU, 1e-5f),
                ClipTextConfig.read(resource("demo/text_encoder/config.json")));
    }

    @Test
    void missingKeysTakeTheDefaultsOfTransformers() throws IOException {
        Path file = Files.writeString(temp.resolve("config.json"), "{\"architectures\":[\"CLIPTextModel\"]}");
        assertEquals(new ClipTextConfig(49408, 512, 2048, 12, 8, 77, QUICK_GELU, 1e-5f), ClipTextConfig.read(file));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            architectures | ["T5EncoderModel"] | ["CLIPTextModel"] or ["CLIPTextModelWithProjection"]
            architectures | "CLIPTextModel" | ["CLIPTextModel"] or ["CLIPTextModelWithProjection"]
            architectures | null | ["CLIPTextModel"] or ["CLIPTextModelWithProjection"]
            hidden_act | "gelu_new" | gelu or quick_gelu
            hidden_act | 1 | gelu or quick_gelu
            hidden_size | 1000 | a multiple of num_attention_heads = 16
            num_hidden_layers | 0 | an integer from 1 to 1000000
            vocab_size | "49408" | an integer from 1 to 1000000
            layer_norm_eps | -1 | a number above 0
            """)
    void unsupportedValuesAreRefusedByName(String key, String value, String expected) throws IOException {
        Path file = edited(SD_2_1, key, value, temp);
        assertEquals(file + ": " + key + " = " + value + " is not supported (expected " + expected + ")",
                inputError(() -> ClipTextConfig.read(file)));
    }

    @Test
    void readsAnEncoderWithAProjection() {
        ClipTextConfig config = ClipTextConfig.read(resource("golden/clip-text-bigg-tiny/config.json"));
        assertEquals(new ClipTextConfig(300, 48, 192, 3, 3, 16, GELU, 1e-5f, 40), config);
        assertEquals(config, ClipTextConfig.read(JsonConfig.of("again", config.toTransformers())));
    }

    @Test
    void architecturesMustBeThere() throws IOException {
        Path file = Files.writeString(temp.resolve("config.json"), "{}");
        assertTrue(inputError(() -> ClipTextConfig.read(file)).startsWith(file + ": architectures is missing"));
    }
}
