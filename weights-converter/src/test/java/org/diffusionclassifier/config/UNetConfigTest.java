package org.diffusionclassifier.config;

import static org.diffusionclassifier.config.UNetConfig.BlockKind.CROSS_ATTENTION;
import static org.diffusionclassifier.config.UNetConfig.BlockKind.PLAIN;
import static org.diffusionclassifier.testing.Fixtures.edited;
import static org.diffusionclassifier.testing.Fixtures.inputError;
import static org.diffusionclassifier.testing.Fixtures.resource;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.diffusionclassifier.checkpoint.NetworkTensors;
import org.diffusionclassifier.checkpoint.TensorSpec;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class UNetConfigTest {

    private static final String SD_2_1 = "published/sd-2.1/unet/config.json";

    @TempDir
    Path temp;

    @Test
    void readsStableDiffusion15() {
        assertEquals(new UNetConfig(64, 4, 4, List.of(320, 640, 1280, 1280),
                        List.of(CROSS_ATTENTION, CROSS_ATTENTION, CROSS_ATTENTION, PLAIN),
                        List.of(PLAIN, CROSS_ATTENTION, CROSS_ATTENTION, CROSS_ATTENTION),
                        List.of(2, 2, 2, 2), List.of(8, 8, 8, 8), List.of(1, 1, 1, 1), 768, 32, 1e-5f,
                        false, true, 0, false),
                UNetConfig.read(resource("published/sd-1.5/unet/config.json")));
    }

    @Test
    void readsStableDiffusion2() {
        UNetConfig base = UNetConfig.read(resource("published/sd-2-base/unet/config.json"));
        assertEquals(List.of(5, 10, 20, 20), base.heads());
        assertEquals(1024, base.crossAttentionDim());
        assertEquals(true, base.linearProjection());
        assertEquals(false, base.upcastAttention());
        assertEquals(64, base.sampleSize());

        UNetConfig v = UNetConfig.read(resource(SD_2_1));
        assertEquals(List.of(5, 10, 20, 20), v.heads());
        assertEquals(true, v.upcastAttention());
        assertEquals(96, v.sampleSize());
    }

    @Test
    void knowsThePublishedConfigurations() {
        assertEquals(UNetConfig.read(resource("published/sd-1.5/unet/config.json")), PublishedUNets.of("sd-1.5"));
        assertEquals(UNetConfig.read(resource("published/sd-2-base/unet/config.json")),
                PublishedUNets.of("sd-2-base"));
    }

    @Test
    void readsTheGoldenModels() {
        assertEquals(new UNetConfig(16, 4, 4, List.of(32, 64), List.of(CROSS_ATTENTION, PLAIN),
                        List.of(PLAIN, CROSS_ATTENTION), List.of(2, 2), List.of(4, 4), List.of(1, 1), 32, 8, 1e-5f,
                        false, true, 0, false),
                UNetConfig.read(resource("golden/unet-sd1-tiny/config.json")));
        assertEquals(new UNetConfig(16, 4, 4, List.of(32, 64, 64), List.of(CROSS_ATTENTION, CROSS_ATTENTION, PLAIN),
                        List.of(PLAIN, CROSS_ATTENTION, CROSS_ATTENTION), List.of(1, 1, 1), List.of(2, 4, 4),
                        List.of(1, 1, 1), 48, 16, 1e-5f, true, true, 0, false),
                UNetConfig.read(resource("golden/unet-sd2-tiny/config.json")));
        assertEquals(List.of(2, 3, 4), UNetConfig.read(resource("demo/unet/config.json")).heads());
    }

    @Test
    void missingKeysTakeTheDefaultsOfDiffusers() throws IOException {
        Path file = Files.writeString(temp.resolve("config.json"),
                "{\"_class_name\":\"UNet2DConditionModel\",\"sample_size\":64}");
        assertEquals(new UNetConfig(64, 4, 4, List.of(320, 640, 1280, 1280),
                        List.of(CROSS_ATTENTION, CROSS_ATTENTION, CROSS_ATTENTION, PLAIN),
                        List.of(PLAIN, CROSS_ATTENTION, CROSS_ATTENTION, CROSS_ATTENTION),
                        List.of(2, 2, 2, 2), List.of(8, 8, 8, 8), List.of(1, 1, 1, 1), 1280, 32, 1e-5f,
                        false, true, 0, false),
                UNetConfig.read(file));
    }

    @Test
    void listsPerBlockAndBlocksInAnyOrderAreTaken() throws IOException {
        assertEquals(List.of(1, 2, 3, 4), UNetConfig.read(edited(SD_2_1, "layers_per_block", "[1,2,3,4]", temp))
                .layersPerBlock());
        assertEquals(new TransformerDepths(
                        List.of(List.of(1, 1), List.of(2, 2), List.of(10, 10), List.of(0, 0)), 1,
                        List.of(List.of(0, 0, 0), List.of(10, 10, 10), List.of(2, 2, 2), List.of(1, 1, 1))),
                UNetConfig.read(edited(SD_2_1, "transformer_layers_per_block", "[1,2,10,1]", temp)).depths());
        assertEquals(List.of(10, 10, 10, 10), UNetConfig.read(edited(SD_2_1, "num_attention_heads", "10", temp))
                .heads());
        assertEquals(List.of(PLAIN, CROSS_ATTENTION, PLAIN, CROSS_ATTENTION), UNetConfig.read(edited(SD_2_1,
                "down_block_types", """
                ["DownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D", "CrossAttnDownBlock2D"]""", temp)).down());
    }

    /** SSD-1B's, as published: each layer on the way up has a depth of its own, and the mid block is a resnet. */
    @Test
    void depthsMayDifferByLayer() throws IOException {
        String json = """
                {"_class_name": "UNet2DConditionModel", "sample_size": 128, "block_out_channels": [320, 640, 1280],
                 "attention_head_dim": [5, 10, 20], "cross_attention_dim": 2048, "use_linear_projection": true,
                 "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
                 "up_block_types": ["CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"],
                 "mid_block_type": "UNetMidBlock2D", "transformer_layers_per_block": [0, 2, 4],
                 "reverse_transformer_layers_per_block": [[4, 4, 10], [2, 1, 1], 1],
                 "addition_embed_type": "text_time", "addition_time_embed_dim": 256,
                 "projection_class_embeddings_input_dim": 2816}""";
        Path file = Files.writeString(temp.resolve("config.json"), json);
        assertEquals(PublishedUNets.of("ssd-1b"), UNetConfig.read(file));
        Files.writeString(file, json.replace("[0, 2, 4]", "[0, [2, 2], 4]").replace("[[4, 4, 10], [2, 1, 1], 1]", "null"));
        assertTrue(inputError(() -> UNetConfig.read(file)).contains("reverse_transformer_layers_per_block = null"));
    }

    @Test
    void everyPublishedUNetSurvivesItsJson() {
        for (String name : PublishedUNets.names()) {
            UNetConfig config = PublishedUNets.of(name);
            assertEquals(config, UNetConfig.read(JsonConfig.of(name, config.toDiffusers())), name);
        }
    }

    /** What the models' pages and papers say of their UNets. */
    @ParameterizedTest
    @CsvSource({"sd-1.5, 859520964", "sdxl, 2567463684", "bk-sdm-base, 579384964", "bk-sdm-small, 482346884",
        "bk-sdm-tiny, 323384964"})
    void publishedUNetsHaveTheirParameters(String name, long parameters) {
        assertEquals(parameters, NetworkTensors.unet(PublishedUNets.of(name)).stream()
                .mapToLong(TensorSpec::elements).sum());
    }

    @Test
    void headsNeedOnlyDivideTheChannelsOfBlocksWithAttention() throws IOException {
        String config = """
                {"_class_name": "UNet2DConditionModel", "sample_size": 8, "norm_num_groups": 8,
                 "block_out_channels": [32, 64], "attention_head_dim": [%d, %d],
                 "down_block_types": ["DownBlock2D", "DownBlock2D"], "up_block_types": ["UpBlock2D", "UpBlock2D"]}""";
        Path file = temp.resolve("config.json");
        assertEquals(List.of(5, 4), UNetConfig.read(Files.writeString(file, config.formatted(5, 4))).heads());
        assertEquals(file + ": attention_head_dim = [4,5] is not supported (expected a divisor of the 64 channels of "
                + "block 1)", inputError(() -> UNetConfig.read(Files.writeString(file, config.formatted(4, 5)))));
    }

    /** Each changes the computation, or is not what its key should be. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            _class_name | "UNet2DModel" | UNet2DConditionModel
            _class_name | null | UNet2DConditionModel
            act_fn | "gelu" | silu or swish
            addition_embed_type | "text_image" | text_time
            addition_time_embed_dim | 256 | null or false
            attention_type | "gated" | default
            center_input_sample | true | null or false
            class_embed_type | "timestep" | null or false
            class_embeddings_concat | true | null or false
            conv_in_kernel | 1 | 3
            conv_out_kernel | 5 | 3
            cross_attention_norm | "layer_norm" | null or false
            downsample_padding | 0 | 1
            dual_cross_attention | true | null or false
            encoder_hid_dim | 1024 | null or false
            encoder_hid_dim_type | "text_proj" | null or false
            mid_block_only_cross_attention | true | null or false
            mid_block_scale_factor | 1.4142135 | 1
            mid_block_type | "UNetMidBlock2DSimpleCrossAttn" | UNetMidBlock2DCrossAttn
            num_class_embeds | 1000 | null or false
            only_cross_attention | true | null or false
            only_cross_attention | [false,true,false,false] | null or false
            projection_class_embeddings_input_dim | 2816 | null or false
            resnet_out_scale_factor | 0.5 | 1
            resnet_skip_time_act | true | null or false
            resnet_time_scale_shift | "scale_shift" | default
            reverse_transformer_layers_per_block | [1,1,1] | a list of 4
            reverse_transformer_layers_per_block | [1,[1,1],1,1] | a list of as many as it has resnets
            time_cond_proj_dim | 0 | an integer from 1
            time_embedding_act_fn | "silu" | null or false
            time_embedding_dim | 512 | null or false
            time_embedding_type | "fourier" | positional
            timestep_post_act | "silu" | null or false
            an_option_of_tomorrow | "on" | null or false
            down_block_types | ["SimpleCrossAttnDownBlock2D"] | CrossAttnDownBlock2D or DownBlock2D
            down_block_types | ["DownBlock2D"] | a list of 4 as block_out_channels has
            down_block_types | "DownBlock2D" | CrossAttnDownBlock2D or DownBlock2D
            up_block_types | ["AttnUpBlock2D"] | CrossAttnUpBlock2D or UpBlock2D
            up_block_types | ["UpBlock2D","UpBlock2D"] | a list of 4 as block_out_channels has
            block_out_channels | [] | a list of 1 to 16, each an integer from 1 to 1000000
            block_out_channels | 320 | a list of 1 to 16
            block_out_channels | [320,640,1280,"1280"] | a list of 1 to 16
            block_out_channels | [320,640,1280,1300] | multiples of norm_num_groups = 32
            attention_head_dim | [5,10,20,24] | a divisor of the 1280 channels of block 3
            num_attention_heads | 7 | a divisor of the 320 channels of block 0
            attention_head_dim | [5,10] | an integer, or a list of 4 as block_out_channels has
            attention_head_dim | 0 | an integer from 1 to 1000000
            layers_per_block | 1.5 | an integer from 1 to 1000000
            layers_per_block | [2,2,2] | an integer, or a list of 4
            transformer_layers_per_block | [[1],[1],[1],[1]] | a list of as many as it has resnets
            transformer_layers_per_block | [0,1,1,1] | an integer from 1 to 100
            transformer_layers_per_block | [1,1] | a list of 4
            cross_attention_dim | [1024,1024,1024,1024] | an integer from 1 to 1000000
            in_channels | 99999999999 | an integer from 1 to 1000000
            sample_size | null | an integer from 1 to 1000000
            norm_eps | "1e-5" | a number
            norm_eps | 0 | a number above 0
            freq_shift | false | a number
            flip_sin_to_cos | 1 | true or false
            use_linear_projection | "yes" | true or false
            """)
    void unsupportedValuesAreRefusedByName(String key, String value, String expected) throws IOException {
        Path file = edited(SD_2_1, key, value, temp);
        String message = inputError(() -> UNetConfig.read(file));
        assertTrue(message.startsWith(file + ": " + key + " = " + value + " is not supported (expected ")
                && message.contains(expected), message);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            act_fn | "swish"
            addition_embed_type_num_heads | 32
            an_option_of_tomorrow | false
            class_embed_type | null
            dropout | 0.1
            mid_block_scale_factor | 1.0
            only_cross_attention | [false,false,false,false]
            _name_or_path | "somewhere"
            """)
    void valuesThatChangeNothingAreTaken(String key, String value) throws IOException {
        assertEquals(UNetConfig.read(resource(SD_2_1)), UNetConfig.read(edited(SD_2_1, key, value, temp)));
    }

    @Test
    void missingSampleSizeAndBrokenFilesAreNamed() throws IOException {
        Path file = temp.resolve("config.json");
        assertEquals(file + ": cannot be read (no such file)", inputError(() -> UNetConfig.read(file)));
        Files.writeString(file, "{\"_class_name\":\"UNet2DConditionModel\"}");
        assertEquals(file + ": sample_size is missing (expected an integer from 1 to 1000000)",
                inputError(() -> UNetConfig.read(file)));
        Files.writeString(file, "{}");
        assertEquals(file + ": _class_name is missing (expected UNet2DConditionModel)",
                inputError(() -> UNetConfig.read(file)));
        for (String broken : List.of("", "null", "[1]", "{", "{\"a\":1,\"a\":2}", "{} x", "{\"a\":\n\n}", "{'a':1}",
                "{\"_class_name\":\"UNet2DConditionModel\",\"sample_size\":8,\"norm_eps\":1e999}")) {
            Files.writeString(file, broken);
            assertEquals(file + ": ", inputError(() -> UNetConfig.read(file)).substring(0, (file + ": ").length()));
        }
        Files.write(file, new byte[] {'{', '"', (byte) 0xff, '"', ':', '1', '}'});
        assertEquals(file + ": cannot be read (not UTF-8 text)", inputError(() -> UNetConfig.read(file)));
    }
}
