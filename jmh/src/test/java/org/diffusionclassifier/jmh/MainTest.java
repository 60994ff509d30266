package org.diffusionclassifier.jmh;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is refused before anything is measured. That reports are written, the build's smoke run shows. */
class MainTest {

    @TempDir
    private Path directory;

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            "--report --baseline none.json            | none.json: cannot be read (no such file)",
            "--report --baseline                      | --baseline",
            "--baseline none.json                     | expected --report",
            "--repotr                                 | repotr",
            "--report -p                              | Option p",
            "--report --out OUT NoSuch -p model=demo  | no benchmark matches [NoSuch, -p, model=demo]"})
    void isRefusedInALine(String arguments, String expected) throws Exception {
        String given = arguments.replace("OUT", directory.resolve("out").toString());
        String said = run(given.split(" +"));
        assertTrue(said.contains(expected), said);
    }

    @Test
    void refusesADirectoryThatIsAFile() throws Exception {
        Path file = Files.createFile(directory.resolve("file"));
        String said = run("--report", "--out", file.toString(), "NoSuch");
        assertTrue(said.startsWith("jmh.jar: " + file + ": cannot be written"), said);
        assertEquals(0, Files.size(file));
    }

    private String run(String... arguments) throws Exception {
        var err = new ByteArrayOutputStream();
        assertEquals(2, Main.run(new PrintStream(err, true, StandardCharsets.UTF_8), arguments));
        String said = err.toString(StandardCharsets.UTF_8);
        assertEquals(1, said.lines().count(), said);
        assertFalse(Files.exists(directory.resolve("out/report.json")));
        return said;
    }
}
