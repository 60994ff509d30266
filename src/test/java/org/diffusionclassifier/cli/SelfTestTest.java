package org.diffusionclassifier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code selftest} in its quick form: on the CPU, and on the CUDA device under test, the emulated one by default. */
class SelfTestTest {

    @TempDir
    private Path folder;

    private JsonNode quick(String device, String dtype) throws IOException {
        Path json = folder.resolve("selftest.json");
        CommandLineRun run = CommandLineRun.of("selftest", "--device", device, "--dtype", dtype, "--quick", "--json",
                json);
        JsonNode result = new ObjectMapper().readTree(json.toFile());
        assertEquals(0, run.exitCode(), run.out() + result.get("checks").toPrettyString());
        run.out().lines().forEach(line -> assertTrue(line.length() <= 80, line));
        assertTrue(result.get("passed").booleanValue());
        return result;
    }

    private static Set<String> groups(JsonNode result) {
        var groups = new HashSet<String>();
        result.get("checks").forEach(check -> groups.add(check.get("group").textValue()));
        return groups;
    }

    @Test
    void theCpuComputesWhatItShould() throws IOException {
        JsonNode result = quick("cpu", "auto");
        assertTrue(groups(result).containsAll(Set.of("noise", "bundled model")));
        assertTrue(result.get("evaluations").get(0).get("pairsPerSecond").doubleValue() > 0);
        assertTrue(result.get("kernels").isEmpty());
    }

    @ParameterizedTest
    @ValueSource(strings = {"f16", "bf16"})
    @Tag("cuda")
    void everyKernelComputesWhatItShould(String dtype) throws IOException {
        JsonNode result = quick(System.getProperty("device", "simt"), dtype);
        assertEquals(Set.of("noise", "products, by kernel", "others, by kernel", "products, by layer", "other operations",
                "bundled model"), groups(result));
        assertTrue(result.get("checks").size() > 100, result.get("checks").size() + " checks");
    }

    @Test
    void inATypeThatTheDeviceHas() {
        CommandLineRun.of("selftest", "--device", "cpu", "--dtype", "f16").refused("--dtype", "on the CPU");
        CommandLineRun.of("selftest", "--device", "simt", "--dtype", "f32").refused("--dtype", "on a GPU");
        CommandLineRun.of("selftest", "--dtype", "f64").refused("--dtype", "f64");
    }

    @Test
    void oneDeviceAtATime() {
        CommandLineRun.of("selftest", "--device", "simt:0,simt:1").refused("--device", "one device");
        CommandLineRun.of("selftest", "--device", "all").refused("--device", "one device");
        CommandLineRun.of("selftest", "--device", "tpu").refused("--device", "tpu");
    }
}
