package org.diffusionclassifier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How the command line calls the library's fields, and what it says when memory runs out. */
class MainTest {

    @ParameterizedTest
    @CsvSource({"toKeep,--to-keep", "nSamples,--n-samples", "loss,--loss", "loras,--lora", "matching,match"})
    void fieldsAreFlags(String field, String flag) {
        assertEquals(flag, Main.flag(field));
    }

    @Test
    void runningOutOfMemoryIsOneLine() {
        var out = new PrintStream(new OutputStream() {
            @Override
            public void write(int b) {
                throw new OutOfMemoryError("Java heap space");
            }
        });
        var err = new ByteArrayOutputStream();
        assertEquals(3, Main.run(out, new PrintStream(err), "--version"));
        String message = err.toString(StandardCharsets.UTF_8);
        assertEquals(1, message.lines().count(), message);
        assertTrue(message.startsWith("diffusion-classifier: out of memory (Java heap space): Java's heap "), message);
        assertTrue(message.contains("JDK_JAVA_OPTIONS"), message);
    }
}
