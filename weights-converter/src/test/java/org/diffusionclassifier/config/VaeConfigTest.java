package org.diffusionclassifier.config;

import static org.diffusionclassifier.testing.Fixtures.edited;
import static org.diffusionclassifier.testing.Fixtures.inputError;
import static org.diffusionclassifier.testing.Fixtures.resource;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VaeConfigTest {

    private static final String GOLDEN = "golden/vae-tiny/config.json";

    @TempDir
    Path temp;

    @Test
    void readsThePublishedModels() {
        VaeConfig sd15 = VaeConfig.read(resource("published/sd-1.5/vae/config.json"));
        assertEquals(new VaeConfig(512, 3, 4, List.of(128, 256, 512, 512), 2, 32, 0.18215, true, true), sd15);
        assertEquals(8, sd15.downscale());
        assertEquals(768, VaeConfig.read(resource("published/sd-2.1/vae/config.json")).sampleSize());
    }

    @Test
    void readsTheGoldenAndTheDemoModel() {
        VaeConfig golden = VaeConfig.read(resource(GOLDEN));
        assertEquals(new VaeConfig(32, 3, 4, List.of(16, 32), 1, 8, 0.18215, true, true), golden);
        assertEquals(2, golden.downscale());
        assertEquals(1.0002202876784188, VaeConfig.read(resource("demo/vae/config.json")).scalingFactor());
    }

    @Test
    void missingKeysTakeTheDefaultsOfDiffusers() throws IOException {
        Path file = Files.writeString(temp.resolve("config.json"), "{\"_class_name\":\"AutoencoderKL\"}");
        VaeConfig config = VaeConfig.read(file);
        assertEquals(new VaeConfig(32, 3, 4, List.of(64), 1, 32, 0.18215, true, true), config);
        assertEquals(1, config.downscale());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            _class_name | "AutoencoderTiny" | AutoencoderKL
            act_fn | "relu" | silu or swish
            latents_mean | [0.1,0.2,0.3,0.4] | null or false
            latents_std | [1,1,1,1] | null or false
            an_option_of_tomorrow | 2 | null or false
            down_block_types | ["DownEncoderBlock2D","AttnDownEncoderBlock2D"] | DownEncoderBlock2D
            down_block_types | ["DownEncoderBlock2D"] | a list of 2 as block_out_channels has
            block_out_channels | [16,36] | multiples of norm_num_groups = 8
            block_out_channels | [8,8,8,8,8,8,8,8,8,8,8,8,8,8,8,8,8] | a list of 1 to 16
            scaling_factor | 0 | a number above 0
            shift_factor | "none" | a number
            mid_block_add_attention | 1 | true or false
            """)
    void unsupportedValuesAreRefusedByName(String key, String value, String expected) throws IOException {
        Path file = edited(GOLDEN, key, value, temp);
        String message = inputError(() -> VaeConfig.read(file));
        assertTrue(message.startsWith(file + ": " + key + " = " + value + " is not supported (expected ")
                && message.contains(expected), message);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            up_block_types | ["SomeDecoderBlock"]
            out_channels | 1
            use_post_quant_conv | false
            force_upcast | false
            """)
    void whatDoesNotConcernTheEncoderIsTaken(String key, String value) throws IOException {
        assertEquals(VaeConfig.read(resource(GOLDEN)), VaeConfig.read(edited(GOLDEN, key, value, temp)));
    }

    @Test
    void theTwoOptionsOfTheEncoderAreRead() throws IOException {
        assertEquals(false, VaeConfig.read(edited(GOLDEN, "use_quant_conv", "false", temp)).quantConv());
        assertEquals(false, VaeConfig.read(edited(GOLDEN, "mid_block_add_attention", "false", temp)).midAttention());
    }
}
