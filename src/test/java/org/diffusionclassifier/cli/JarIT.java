package org.diffusionclassifier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The jar as it is handed out, by {@code java -jar} alone: no launcher, and a bare environment. */
class JarIT {

    private static final Pattern RESULT = Pattern.compile("(\\d+) of 30 right; ");

    @TempDir
    private Path folder;

    /**
     * libgomp itself says what it took from the environment. One thread, because two that wait for each other take many
     * times as long beside other programs.
     */
    @Test
    void demo() throws Exception {
        Path out = folder.resolve("out");
        Path err = folder.resolve("err");
        var process = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-jar",
                System.getProperty("jar"), "demo").redirectOutput(out.toFile()).redirectError(err.toFile());
        process.environment().keySet().removeIf(name -> name.matches("(OMP|GOMP|KMP|LC)_.*|LANG|JAVA_TOOL_OPTIONS"));
        process.environment().put("OMP_NUM_THREADS", "1");
        process.environment().put("OMP_DISPLAY_ENV", "verbose");
        int exitCode = process.start().waitFor();
        String said = Files.readString(err, StandardCharsets.UTF_8);
        assertEquals(0, exitCode, said);
        String printed = Files.readString(out, StandardCharsets.UTF_8);
        Matcher right = RESULT.matcher(printed);
        assertTrue(right.find() && Integer.parseInt(right.group(1)) >= 20, printed);
        assertEquals(30, printed.lines().filter(line -> line.matches("[✓✗]  \\S+\\.png .*")).count(), printed);
        if (System.getProperty("os.name").equals("Linux")) {
            for (String setting : List.of("OMP_NUM_THREADS = '1'", "OMP_WAIT_POLICY = 'PASSIVE'",
                    "GOMP_SPINCOUNT = '3000'")) {
                assertTrue(said.contains(setting), setting + " in " + said);
            }
        }
    }
}
