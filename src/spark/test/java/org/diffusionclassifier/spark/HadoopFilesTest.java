package org.diffusionclassifier.spark;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.diffusionclassifier.dataset.Dataset;
import org.diffusionclassifier.dataset.Datasets;
import org.diffusionclassifier.file.AtomicFile;
import org.diffusionclassifier.file.RemoteFiles;
import org.diffusionclassifier.model.BundledModel;
import org.diffusionclassifier.result.Attempt;
import org.diffusionclassifier.result.FailedImage;
import org.diffusionclassifier.tensor.InputException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Hadoop's files by {@link Files}, and parts in them: what is written by the one is read by the other. */
class HadoopFilesTest {

    private static final String MOUNT = "spark.hadoop.fs.viewfs.mounttable.files.link./here";

    @TempDir
    private static Path folder;
    private static Path there;

    /** Hadoop's view of a folder of this machine. */
    @BeforeAll
    static void mount() {
        System.setProperty(MOUNT, folder.toUri().toString());
        there = RemoteFiles.pathOf("viewfs://files/here");
    }

    @AfterAll
    static void forget() {
        System.clearProperty(MOUNT);
    }

    @Test
    void bytesGoToAndFro() throws IOException {
        var bytes = new byte[200_001];
        new Random(1).nextBytes(bytes);
        Path file = there.resolve("a/b c.bin");
        Files.createDirectories(file.getParent());
        AtomicFile.write(file, out -> out.write(bytes));
        assertArrayEquals(bytes, Files.readAllBytes(folder.resolve("a/b c.bin")));
        assertArrayEquals(bytes, Files.readAllBytes(file));
        assertEquals("viewfs://files/here/a/b c.bin", file.toString());
        assertEquals(file, RemoteFiles.pathOf("viewfs://files/here").resolve("a").resolve("b c.bin"));
        AtomicFile.write(file, out -> out.write(7));
        assertEquals(1, Files.size(file));
        try (Stream<Path> all = Files.list(file.getParent())) {
            assertEquals(List.of(file), all.toList());
        }
        assertThrows(DirectoryNotEmptyException.class, () -> Files.delete(file.getParent()));
        Files.delete(file);
        assertThrows(NoSuchFileException.class, () -> Files.delete(file));
        assertFalse(Files.exists(folder.resolve("a/b c.bin")));
    }

    @Test
    void aChannelReadsFromAnywhere() throws IOException {
        Files.write(folder.resolve("ten"), new byte[] {0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
        try (var channel = Files.newByteChannel(there.resolve("ten"))) {
            var three = ByteBuffer.allocate(3);
            channel.position(6).read(three);
            assertArrayEquals(new byte[] {6, 7, 8}, three.array());
            assertEquals(9, channel.position());
            assertEquals(10, channel.size());
            assertEquals(-1, channel.position(10).read(ByteBuffer.allocate(1)));
        }
    }

    /** MNIST's form, a list and an archive: each as from this machine. */
    @Test
    void dataSetsLieThere() throws IOException {
        try (var bundled = BundledModel.open()) {
            Path coat = Files.createDirectories(folder.resolve("set/coat"));
            Files.copy(bundled.images().resolve("coat-0.png"), coat.resolve("a.png"));
            Files.writeString(folder.resolve("set/list.csv"), "path,classname\ncoat/a.png,coat\n");
        }
        for (String form : List.of("csv:%s/set/list.csv", "folder:%s/set")) {
            try (Dataset here = Datasets.open(form.formatted(folder), "test");
                    Dataset far = Datasets.open(form.formatted("viewfs://files/here"), "test")) {
                assertEquals(here.name(0), far.name(0));
                assertArrayEquals(here.image(0).pixels(), far.image(0).pixels());
                assertEquals("viewfs://files/here/set/coat/a.png", far.file(0).toString());
            }
        }
    }

    @Test
    void unknownFileSystemsAreRefused() {
        String message = assertThrows(InputException.class, () -> RemoteFiles.pathOf("nothing://x/y")).getMessage();
        assertTrue(message.startsWith("nothing://x: expected a file system that Hadoop reaches here"), message);
    }

    /** A task that runs twice, and one that was killed while it wrote. */
    @Test
    void partsAppearWholeAndOnce() throws IOException {
        for (Path out : List.of(folder.resolve("local"), there.resolve("far"))) {
            Parts parts = Parts.of(out, "0123456789abcdef0123");
            assertEquals(List.of(), parts.existing());
            var two = List.of(failed(7), failed(3));
            parts.write(two);
            parts.write(two);
            Files.write(parts.folder().resolve(".torn"), new byte[] {'{'});
            parts.write(List.of(failed(7)));
            parts.write(List.of(failed(0)));
            assertEquals(Set.of(part(parts, 0), part(parts, 7), part(parts, 7, 3)), Set.copyOf(parts.existing()));
            assertEquals(two, Parts.read(part(parts, 7, 3)));
            assertEquals(List.of(), Parts.of(out, "another 0123456789").existing());
            Files.write(part(parts, 9), new byte[] {'x', '\n'});
            String message = assertThrows(InputException.class, () -> Parts.read(part(parts, 9))).getMessage();
            assertTrue(message.contains("part-00000009-") && message.contains(".jsonl:1: "), message);
            parts.delete();
            assertFalse(Files.exists(parts.folder()));
        }
    }

    private static Path part(Parts parts, int... images) {
        return parts.part(images);
    }

    private static Attempt failed(int index) {
        return Attempt.of(new FailedImage(index, "image " + index, 1, "ends early"));
    }
}
