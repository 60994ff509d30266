package org.diffusionclassifier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** {@code kernels} at a published size: in a process of its own, as the emulated card stays as large as it was made. */
@Tag("cuda")
class KernelsCommandTest {

    private static final Pattern LAUNCHES = Pattern.compile("One evaluation: (\\d+) launches, ");

    /** A launch costs a card some microseconds, however little it computes. */
    @Test
    void anEvaluationOfStableDiffusion2HasFewLaunchesOnAnA100() throws IOException, InterruptedException {
        Process java = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Dfile.encoding=UTF-8", "-Dstdout.encoding=UTF-8", "-cp", System.getProperty("java.class.path"),
                Main.class.getName(), "kernels", "--model", "sd-2-base", "--batch-size", "8", "--device", "simt",
                "--like", "A100", "--blocks", "0").redirectErrorStream(true).start();
        var said = new String(java.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, java.waitFor(), said);
        Matcher launches = LAUNCHES.matcher(said);
        assertTrue(launches.find(), said);
        assertEquals(362, Integer.parseInt(launches.group(1)), said);
    }
}
