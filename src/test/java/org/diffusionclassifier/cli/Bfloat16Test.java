package org.diffusionclassifier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** {@code --dtype bf16} on a processor that cannot: oneDNN is made to pass over what comes after AVX2. */
class Bfloat16Test {

    @Test
    void isRefusedInOneLine() throws IOException, InterruptedException {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        var process = new ProcessBuilder(java, "-cp", System.getProperty("java.class.path"), Main.class.getName(),
                "demo", "--device", "cpu", "--dtype", "bf16").redirectErrorStream(true);
        process.environment().put("ONEDNN_MAX_CPU_ISA", "AVX2");
        Process demo = process.start();
        String said = new String(demo.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(2, demo.waitFor(), said);
        assertTrue(said.startsWith("diffusion-classifier: --dtype bf16: expected a processor with AVX-512 or Arm's "
                + "bfloat16, found one without; f32 runs on any"), said);
        assertEquals(1, said.lines().count(), said);
    }
}
