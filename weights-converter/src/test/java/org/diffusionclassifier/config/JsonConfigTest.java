package org.diffusionclassifier.config;

import static org.diffusionclassifier.testing.Fixtures.edited;
import static org.diffusionclassifier.testing.Fixtures.inputError;
import static org.diffusionclassifier.testing.Fixtures.resource;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What writers of configurations do to JSON. */
class JsonConfigTest {

    @TempDir
    Path temp;

    /** EF BB BF, which Windows' editors put before UTF-8 (RFC 8259, section 8.1: a parser may ignore it). */
    @Test
    void aByteOrderMarkIsSkipped() throws IOException {
        Path marked = Files.write(temp.resolve("marked.json"),
                new byte[] {(byte) 0xEF, (byte) 0xBB, (byte) 0xBF, '{', '"', 'a', '"', ':', '3', '}'});
        assertEquals(3, JsonConfig.read(marked).integer("a"));
        assertEquals(3, JsonConfig.parse("text", "\uFEFF{\"a\": 3}").integer("a"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "\uFEFF", "\uFEFF\uFEFF{}", " \uFEFF{}"})
    void oneMarkIsSkippedWhichIsTheFirstCharacter(String text) throws IOException {
        Path file = Files.writeString(temp.resolve("config.json"), text, StandardCharsets.UTF_8);
        assertEquals(file.toString(), inputError(() -> JsonConfig.read(file)).split(": ")[0]);
    }

    /** The form of the Git LFS specification, which a clone without Git LFS leaves in the place of large files. */
    @Test
    void aGitPointerIsCalledByItsName() throws IOException {
        Path file = Files.writeString(temp.resolve("config.json"), """
                version https://git-lfs.github.com/spec/v1
                oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393
                size 12345
                """);
        assertEquals(file + ": expected JSON, found a Git LFS pointer, which stands for the file: run git lfs pull "
                + "where it lies", inputError(() -> JsonConfig.read(file)));
    }

    /** Python's json.dumps writes float("-inf") so: diffusers' default of lambda_min_clipped. */
    @Test
    void numbersThatAreNotFiniteMatterOnlyWhereTheyAreUsed() {
        JsonConfig json = JsonConfig.parse("text", "{\"a\": -Infinity, \"b\": NaN, \"c\": Infinity, \"d\": 2}");
        assertEquals(2, json.positiveNumber("d", 1));
        for (String key : List.of("a", "b", "c")) {
            assertEquals("text: " + key + " = " + json.get(key) + " is not supported (expected a number)",
                    inputError(() -> json.number(key, 1)));
            inputError(() -> json.integer(key));
        }
    }

    @Test
    void nullIsTheDefault() {
        JsonConfig json = JsonConfig.parse("text", "{\"key\": null}");
        assertEquals(4, json.integer("key", 4));
        assertEquals(0.5, json.number("key", 0.5));
        assertEquals(0.5, json.positiveNumber("key", 0.5));
        assertEquals(true, json.flag("key", true));
        assertEquals(List.of(1, 2), json.integers("key", List.of(1, 2)));
        assertEquals(List.of(7, 7), json.integerPerBlock("key", 7, 2));
        json.expect("key", "a name");
        json.expect("key", 3);
    }

    /** Each key that has a default, of each configuration; the published ones, so that their other values fit. */
    @Test
    void nullIsTheDefaultInEveryConfiguration() throws IOException {
        String unet = "published/sd-1.5/unet/config.json";
        for (String key : List.of("in_channels", "out_channels", "layers_per_block", "norm_num_groups", "norm_eps",
                "use_linear_projection", "flip_sin_to_cos", "freq_shift", "upcast_attention", "act_fn",
                "block_out_channels", "down_block_types", "up_block_types", "transformer_layers_per_block",
                "attention_head_dim", "conv_in_kernel", "resnet_time_scale_shift", "time_embedding_type")) {
            assertEquals(PublishedUNets.of("sd-1.5"), UNetConfig.read(edited(unet, key, "null", temp)), key);
        }
        assertEquals(1280, UNetConfig.read(edited(unet, "cross_attention_dim", "null", temp)).crossAttentionDim());

        String vae = "published/sd-1.5/vae/config.json";
        for (String key : List.of("in_channels", "latent_channels", "norm_num_groups", "scaling_factor", "act_fn",
                "shift_factor", "use_quant_conv", "mid_block_add_attention")) {
            assertEquals(VaeConfig.read(resource(vae)), VaeConfig.read(edited(vae, key, "null", temp)), key);
        }
        String text = "published/sd-1.5/text_encoder/config.json";
        for (String key : List.of("vocab_size", "max_position_embeddings", "hidden_act", "layer_norm_eps")) {
            assertEquals(ClipTextConfig.read(resource(text)),
                    ClipTextConfig.read(edited(text, key, "null", temp)), key);
        }
    }

    /** diffusers builds no mid block for it, which is another network than its default. */
    @Test
    void noMidBlockIsNotTheDefault() throws IOException {
        Path file = edited("published/sd-1.5/unet/config.json", "mid_block_type", "null", temp);
        assertEquals(UNetConfig.MidBlock.NONE, UNetConfig.read(file).midBlock());
    }
}
