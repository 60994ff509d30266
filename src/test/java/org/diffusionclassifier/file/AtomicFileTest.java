package org.diffusionclassifier.file;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.diffusionclassifier.testing.Fixtures;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

class AtomicFileTest {

    @TempDir
    Path folder;

    @Test
    void createsAndReplaces() throws IOException {
        var file = folder.resolve("a.json");
        JsonFile.write(file, List.of());
        assertEquals("[ ]\n", Files.readString(file));
        JsonFile.write(file, List.of(Map.of("ü", 0.1f)));
        assertEquals("[ {\n  \"ü\" : 0.1\n} ]\n", Files.readString(file));
        assertEquals(List.of(file), contents());
    }

    @Test
    void anInterruptedWriteLeavesWhatWasThere() throws IOException {
        var file = folder.resolve("a");
        AtomicFile.Content interrupted = out -> {
            out.write(new byte[100_000]);
            throw new IOException("No space left\non device");
        };
        assertEquals(file + ": cannot be written (No space left)",
                Fixtures.inputError(() -> AtomicFile.write(file, interrupted)));
        assertEquals(List.of(), contents());
        Files.writeString(file, "before");
        assertThrows(IllegalStateException.class, () -> AtomicFile.write(file, out -> {
            throw new IllegalStateException();
        }));
        assertEquals("before", Files.readString(file));
        assertEquals(List.of(file), contents());
    }

    @Test
    void aLinkIsFollowed() throws IOException {
        var file = Files.writeString(folder.resolve("a"), "before");
        var link = Files.createSymbolicLink(folder.resolve("link"), file);
        AtomicFile.write(link, out -> out.write('x'));
        assertTrue(Files.isSymbolicLink(link));
        assertEquals("x", Files.readString(file));
    }

    @Test
    void whatIsNoPlaceForAFileIsRefused() throws IOException {
        var parent = folder.resolve("none");
        assertEquals(parent.resolve("a.json") + ": cannot be written (no directory " + parent + ")",
                Fixtures.inputError(() -> JsonFile.write(parent.resolve("a.json"), 1)));
        assertEquals(folder + ": cannot be written (not an ordinary file)",
                Fixtures.inputError(() -> JsonFile.write(folder, 1)));
        assertEquals(List.of(), contents());
        var file = Files.writeString(folder.resolve("file"), "");
        var message = Fixtures.inputError(() -> JsonFile.write(file.resolve("a.json"), 1));
        assertTrue(message.startsWith(file.resolve("a.json") + ": cannot be written ("), message);
    }

    private List<Path> contents() throws IOException {
        try (var files = Files.list(folder)) {
            return files.toList();
        }
    }
}
