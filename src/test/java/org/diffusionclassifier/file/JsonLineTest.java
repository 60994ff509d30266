package org.diffusionclassifier.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.diffusionclassifier.tensor.InputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JsonLineTest {

    @TempDir
    private Path folder;

    @Test
    void aByteOrderMarkIsSkippedAtTheHeadOfTheFileOnly() throws IOException {
        Path file = Files.writeString(folder.resolve("lines.jsonl"), "\uFEFF{\"a\": \"x\"}\n\n{\"a\": \"y\"}\n");
        assertEquals(List.of("x", "y"), JsonLine.read(file).stream().map(line -> line.text("a")).toList());
        Files.writeString(file, "{\"a\": 1}\n\uFEFF{\"a\": 2}\n");
        assertEquals(file + ":2: expected one JSON object a line, found what is no JSON",
                assertThrows(InputException.class, () -> JsonLine.read(file)).getMessage());
    }
}
