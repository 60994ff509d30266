package org.diffusionclassifier.config;

import static org.diffusionclassifier.testing.Fixtures.edited;
import static org.diffusionclassifier.testing.Fixtures.inputError;
import static org.diffusionclassifier.testing.Fixtures.resource;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DitConfigTest {

    /** The keys of an early version of diffusers, when a DiT was one of many things that a class could be. */
    private static final String EARLY = "dit/config.json";

    @TempDir
    Path temp;

    @Test
    void readsDitXl2() {
        DitConfig config = DitConfig.read(resource(EARLY));
        assertEquals(new DitConfig(32, 4, 8, 2, 28, 16, 72, 1000, 1e-5f, 1), config);
        assertEquals(1152, config.width());
        assertEquals(16, config.grid());
        assertTrue(config.predictsVariance());
    }

    @Test
    void readsTheGoldenModel() {
        DitConfig config = DitConfig.read(resource("golden/dit-tiny/config.json"));
        assertEquals(new DitConfig(8, 4, 8, 2, 3, 4, 16, 10, 1e-5f, 1), config);
    }

    @Test
    void whatIsNotGivenIsAsInDiffusers() throws IOException {
        Path file = Files.writeString(temp.resolve("config.json"), "{\"norm_type\": \"ada_norm_zero\"}");
        DitConfig config = DitConfig.read(file);
        assertEquals(new DitConfig(32, 4, 4, 2, 28, 16, 72, 1000, 1e-5f, 1), config);
        assertFalse(config.predictsVariance());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "_class_name               | \"PixArtTransformer2DModel\"",
        "norm_type                 | \"ada_norm_single\"",
        "activation_fn             | \"geglu\"",
        "attention_bias            | false",
        "norm_elementwise_affine   | true",
        "cross_attention_dim       | 1152",
        "out_channels              | 7",
        "patch_size                | 3",
        "patch_size                | 32",
        "sample_size               | 0",
        "sample_size               | 1000000",
        "num_attention_heads       | 1000000",
        "attention_head_dim        | 1000000",
        "num_embeds_ada_norm       | -1",
        "norm_eps                  | 0"})
    void refusesWhatWouldComputeOtherwise(String key, String value) throws IOException {
        Path file = edited(EARLY, key, value, temp);
        String message = inputError(() -> DitConfig.read(file));
        assertTrue(message.startsWith(file + ": "), message);
        assertTrue(message.contains("expected"), message);
    }

    @Test
    void aTransformerOfAnotherKindIsRefused() throws IOException {
        Path file = Files.writeString(temp.resolve("config.json"), "{\"_class_name\": \"Transformer2DModel\"}");
        assertEquals(file + ": norm_type is missing (expected ada_norm_zero)", inputError(() -> DitConfig.read(file)));
    }
}
