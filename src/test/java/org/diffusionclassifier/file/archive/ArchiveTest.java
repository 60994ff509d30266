package org.diffusionclassifier.file.archive;

import java.io.IOException;
import java.nio.file.ClosedFileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.ReadOnlyFileSystemException;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.diffusionclassifier.dataset.Datasets;
import org.diffusionclassifier.image.ImageDecoder;
import org.diffusionclassifier.tensor.InputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import static org.diffusionclassifier.testing.Fixtures.inputError;
import static org.diffusionclassifier.testing.Fixtures.resource;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Archives that Python and GNU tar wrote (src/test/resources/archive/make.py). */
class ArchiveTest {

    @TempDir
    Path caches;

    @ParameterizedTest
    @ValueSource(strings = {"pax.tar", "gnu.tar", "pax.tar.gz", "pictures.zip"})
    void isReadLikeAFolder(String name) throws IOException {
        try (var archive = open(name)) {
            Path root = archive.root();
            assertEquals(1, grey(root.resolve("a/one.png")));
            assertEquals(2, grey(root.resolve("b/zwei ü 猫.png")));
            assertEquals(3, grey(root.resolve("b/" + "long".repeat(60) + ".png")));
            assertEquals(0, Files.size(root.resolve("a/empty")));
            assertEquals(0, Files.readAllBytes(root.resolve("a/empty")).length);
            assertTrue(Files.isDirectory(root.resolve("b")));
            assertTrue(Files.isRegularFile(root.resolve("a").resolve("../b/link.png")));
            assertFalse(Files.exists(root.resolve("a/two.png")));
            var dataset = Datasets.csv(root.resolve("list.csv"));
            assertEquals(2, dataset.size());
            assertEquals(1, dataset.get(1).label());
            assertEquals(1, dataset.get(1).image().pixels()[0]);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"pax.tar", "gnu.tar"})
    void aTarFileHasLinksAndFolders(String name) throws IOException {
        try (var archive = open(name); var all = Files.walk(archive.root())) {
            assertEquals(List.of("/", "/a", "/a/empty", "/a/one.png", "/b", "/b/hard.png", "/b/link.png",
                    "/b/" + "long".repeat(60) + ".png", "/b/zwei ü 猫.png", "/c", "/list.csv"),
                    all.map(Path::toString).sorted().toList());
            assertEquals(1, grey(archive.root().resolve("b/hard.png")));
            assertEquals(1700000000000L, Files.getLastModifiedTime(archive.root().resolve("list.csv")).toMillis());
        }
    }

    @Test
    void isOnlyRead() throws IOException {
        var archive = open("pax.tar");
        Path file = archive.root().resolve("list.csv");
        assertThrows(ReadOnlyFileSystemException.class, () -> Files.writeString(file, "x"));
        assertThrows(ReadOnlyFileSystemException.class, () -> Files.delete(file));
        assertThrows(IOException.class, () -> Files.readAllBytes(archive.root()));
        archive.close();
        assertThrows(ClosedFileSystemException.class, () -> Files.readAllBytes(file));
    }

    @Test
    void threadsReadAtTheSameTime() {
        try (var archive = open("gnu.tar")) {
            int sum = IntStream.range(0, 300).parallel()
                    .map(i -> grey(archive.root().resolve(i % 2 == 0 ? "a/one.png" : "b/zwei ü 猫.png"))).sum();
            assertEquals(450, sum);
        }
    }

    @Test
    void aGzippedOneIsUnpackedOnce() throws IOException {
        Path folder = caches.resolve("new");
        Path archive = Files.copy(resource("archive/pax.tar.gz"), caches.resolve("data.tgz"));
        try (var opened = Archive.open(archive, folder)) {
            Path unpacked = only(folder);
            assertTrue(unpacked.getFileName().toString().matches("data\\.tgz-[0-9a-f]{16}\\.tar"));
            assertEquals(List.of(archive + " is read from " + unpacked + ", into which it has been unpacked: delete "
                    + "that when it is no longer needed"), opened.notices());
            assertEquals(-1, Files.mismatch(unpacked, resource("archive/pax.tar")));
            var before = Files.getLastModifiedTime(unpacked);
            Archive.open(archive, folder).close();
            assertEquals(before, Files.getLastModifiedTime(only(folder)));
        }
    }

    @Test
    void nothingIsLeftOfAGzippedOneThatEndsEarly() throws IOException {
        byte[] whole = Files.readAllBytes(resource("archive/pax.tar.gz"));
        Path archive = Files.write(caches.resolve("data.tar.gz"), Arrays.copyOf(whole, whole.length / 2));
        Path folder = caches.resolve("new");
        assertEquals(archive + ": broken gzip file: it ends early", inputError(() -> Archive.open(archive, folder)));
        try (var left = Files.list(folder)) {
            assertEquals(List.of(), left.toList());
        }
    }

    @Test
    void aFolderIsItself() {
        try (var archive = Archive.open(caches, caches)) {
            assertEquals(caches, archive.root());
        }
        assertTrue(Files.isDirectory(caches));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            up.tar       | expected names inside the archive, found "a/../../evil"
            absolute.tar | expected names inside the archive, found "/evil"
            link-up.tar  | expected names inside the archive, found "../evil"
            both.tar     | "a" is a file and a folder
            sparse.tar   | expected whole files, found the sparse one "holes"
            none.tar     | expected an archive of files, found an empty one or none
            make.py      | expected a TAR, gzip or ZIP archive, found none or a broken one
            up.zip       | expected names inside the archive, found "../evil"
            absolute.zip | expected names inside the archive, found "/evil"
            password.zip | expected a ZIP file without a password, found one with (unpack it)
            absent.tar   | cannot be read (no such file)
            """)
    void refusesTheRest(String name, String message) {
        Path archive = resource("archive/make.py").resolveSibling(name);
        assertEquals(archive + ": " + message, inputError(() -> Archive.open(archive, caches)));
    }

    /** Every damaged archive is refused, or its members are read or refused, and nothing else happens. */
    @ParameterizedTest
    @ValueSource(strings = {"pax.tar", "gnu.tar", "pictures.zip"})
    void outlivesDamage(String name) throws IOException {
        byte[] whole = Files.readAllBytes(resource("archive/" + name));
        var random = new Random(1);
        for (int i = 0; i < 300; i++) {
            byte[] bytes = i % 3 == 0 ? Arrays.copyOf(whole, random.nextInt(whole.length)) : whole.clone();
            for (int change = 0; change <= i % 3 && bytes.length > 0; change++) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
            }
            Path file = Files.write(caches.resolve(i + ".archive"), bytes);
            try (var archive = Archive.open(file, caches); var all = Files.walk(archive.root())) {
                for (Path member : all.filter(Files::isRegularFile).toList()) {
                    readOrRefuse(member);
                }
            } catch (InputException e) {
                assertTrue(e.getMessage().startsWith(file.toString()), e.getMessage());
            }
        }
    }

    private static void readOrRefuse(Path member) {
        try {
            assertTrue(Files.readAllBytes(member).length < 100_000);
        } catch (IOException e) {
            assertFalse(e.getMessage().isEmpty());
        }
    }

    @Test
    void pathsAreThoseOfAnyFileSystem() {
        try (var archive = open("pax.tar")) {
            Path root = archive.root();
            for (String text : List.of("/", "/a", "/a/b", "a/b/c", "a", "", "/a/../b/./c", "../x")) {
                Path ours = root.getFileSystem().getPath(text);
                Path reference = Path.of(text);
                assertEquals(String.valueOf(reference), String.valueOf(ours));
                assertEquals(String.valueOf(reference.getParent()), String.valueOf(ours.getParent()));
                assertEquals(String.valueOf(reference.getFileName()), String.valueOf(ours.getFileName()));
                assertEquals(String.valueOf(reference.getRoot()), String.valueOf(ours.getRoot()));
                assertEquals(String.valueOf(reference.normalize()), String.valueOf(ours.normalize()));
                assertEquals(reference.getNameCount(), ours.getNameCount());
                for (String other : List.of("a", "/a", "", "b/c", "/a/b/x", "../y")) {
                    Path against = root.getFileSystem().getPath(other);
                    assertEquals(String.valueOf(reference.resolve(other)), String.valueOf(ours.resolve(against)));
                    assertEquals(reference.startsWith(other), ours.startsWith(against));
                    assertEquals(reference.endsWith(other), ours.endsWith(against));
                    if (reference.isAbsolute() == Path.of(other).isAbsolute() && !text.contains("..")) {
                        assertEquals(String.valueOf(reference.relativize(Path.of(other))),
                                String.valueOf(ours.relativize(against)), text + " " + other);
                    }
                }
            }
            assertEquals("", root.relativize(root).toString());
            assertEquals(root.resolve("a/b"), root.resolve("a").resolve("b"));
        }
    }

    private Archive open(String name) {
        return Archive.open(resource("archive/" + name), caches);
    }

    private static int grey(Path picture) {
        return ImageDecoder.read(picture).pixels()[0];
    }

    private static Path only(Path folder) throws IOException {
        try (var files = Files.list(folder)) {
            var all = files.toList();
            assertEquals(1, all.size());
            return all.get(0);
        }
    }
}
