package org.diffusionclassifier.config;

import static org.diffusionclassifier.testing.Fixtures.inputError;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.diffusionclassifier.testing.Golden;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The configurations that Stable Diffusion 3 brings: of its transformer, of T5 and of flow matching. */
class Sd3ConfigsTest {

    @Test
    void readsWhatDiffusersAndTransformersWrite() {
        assertEquals(new MmditConfig(16, 16, 16, 2, 3, 4, 16, 48, 40, 24, false, List.of()),
                MmditConfig.read(Golden.of("sd3-tiny/config.json")));
        assertEquals(new MmditConfig(16, 16, 16, 2, 3, 4, 16, 48, 40, 24, true, List.of(0, 1)),
                MmditConfig.read(Golden.of("sd35-tiny/config.json")));
        assertEquals(new T5Config(400, 48, 96, 3, 4, 8, 32, 128, 1e-6f), T5Config.read(Golden.of("t5-tiny/config.json")));
        assertEquals(new FlowConfig(1000, 3), FlowConfig.read(JsonConfig.read(
                Golden.of("pipeline-sd3-tiny/scheduler/scheduler_config.json"))));
        assertEquals(0.0609, VaeConfig.read(Golden.of("vae16-tiny/config.json")).shiftFactor());
    }

    @ParameterizedTest
    @ValueSource(strings = {"sd3-medium", "sd3.5-medium", "sd3.5-large"})
    void whatIsWrittenReadsTheSame(String name) {
        MmditConfig config = MmditConfig.published(name);
        assertEquals(config, MmditConfig.read(JsonConfig.of("test", config.toDiffusers())));
        assertNull(MmditConfig.published("sd4"));
        assertEquals(T5Config.xxl(), T5Config.read(JsonConfig.of("test", T5Config.xxl().toTransformers())));
        var flow = new FlowConfig(250, 1.5);
        assertEquals(flow, FlowConfig.read(JsonConfig.of("test", flow.toDiffusers())));
    }

    @ParameterizedTest
    @CsvSource({"_class_name, FluxTransformer2DModel", "qk_norm, layer_norm", "num_layers, 5000", "patch_size, 3",
        "pos_embed_max_size, 32", "caption_projection_dim, 1024", "out_channels, 4", "attention_head_dim, 100000"})
    void anotherTransformerIsRefusedByTheKey(String key, String value) {
        refused(key, value, MmditConfig.published("sd3-medium").toDiffusers(), MmditConfig::read);
    }

    @ParameterizedTest
    @CsvSource({"feed_forward_proj, relu", "relative_attention_num_buckets, 30", "relative_attention_max_distance, 8"})
    void anotherT5IsRefusedByTheKey(String key, String value) {
        refused(key, value, T5Config.xxl().toTransformers(), T5Config::read);
    }

    @ParameterizedTest
    @CsvSource({"_class_name, FlowMatchHeunDiscreteScheduler", "shift, 0", "use_karras_sigmas, true",
        "shift_terminal, 0.1"})
    void anotherScheduleIsRefusedByTheKey(String key, String value) {
        refused(key, value, FlowConfig.stableDiffusion3().toDiffusers(), FlowConfig::read);
    }

    private static void refused(String key, String value, Map<String, Object> settings, Consumer<JsonConfig> reader) {
        var changed = new LinkedHashMap<>(settings);
        changed.put(key, value.equals("true") ? Boolean.TRUE : value.matches("[\\d.]+")
                ? (Object) (value.contains(".") ? Double.parseDouble(value) : Integer.parseInt(value)) : value);
        String message = inputError(() -> reader.accept(JsonConfig.of("test", changed)));
        assertTrue(message.startsWith("test: ") && message.contains(key), message);
    }
}
