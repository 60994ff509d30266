package org.diffusionclassifier.dataset;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.testing.Fixtures;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

class IdxDatasetTest {


    /** Two images of 2×3 and their labels. */
    private static final byte[] IMAGES = idx(new int[] {2, 2, 3}, 0, 1, 2, 3, 4, 5, 250, 251, 252, 253, 254, 255);
    private static final byte[] LABELS = idx(new int[] {2}, 9, 200);

    @TempDir
    Path folder;

    @Test
    void readsADirectorySplitBySplit() throws IOException {
        write("t10k-images-idx3-ubyte", IMAGES);
        write("t10k-labels-idx1-ubyte", LABELS);
        write("train-images-idx3-ubyte", idx(new int[] {1, 1, 1}, 7));
        write("train-labels-idx1-ubyte", idx(new int[] {1}, 3));

        var test = Datasets.open("idx:" + folder, "test");
        assertEquals(2, test.size());
        assertEquals(List.of(), test.classNames());
        var second = test.get(1);
        assertEquals("t10k-images#1", second.name());
        assertEquals(200, second.label());
        assertImage(3, 2, List.of(250, 251, 252, 253, 254, 255), second.image());
        assertImage(3, 2, List.of(0, 1, 2, 3, 4, 5), test.get(0).image());
        assertThrows(IndexOutOfBoundsException.class, () -> test.get(2));

        var train = Datasets.open("idx:" + folder, "train");
        assertEquals(1, train.size());
        assertEquals("train-images#0", train.get(0).name());
        assertImage(1, 1, List.of(7), train.get(0).image());
    }

    @Test
    void readsOneFileWithItsLabelsBesideItGzippedOrNot() throws IOException {
        write("emnist-images-idx3-ubyte.gz", gz(IMAGES));
        write("emnist-labels-idx1-ubyte", LABELS);
        var dataset = Datasets.open("idx:" + folder.resolve("emnist-images-idx3-ubyte.gz"), "any");
        assertEquals("emnist-images#0", dataset.get(0).name());
        assertEquals(9, dataset.get(0).label());
        assertImage(3, 2, List.of(0, 1, 2, 3, 4, 5), dataset.get(0).image());
    }

    /** As some archives and unpackers name the files; each of the two may have its own spelling. */
    @Test
    void readsFilesWithADotBeforeIdx() throws IOException {
        write("t10k-images.idx3-ubyte", IMAGES);
        write("t10k-labels.idx1-ubyte.gz", gz(LABELS));
        write("train-images-idx3-ubyte.gz", gz(IMAGES));
        write("train-labels.idx1-ubyte", LABELS);
        for (String split : List.of("test", "train")) {
            var dataset = Datasets.open("idx:" + folder, split);
            assertEquals((split.equals("test") ? "t10k" : "train") + "-images#1", dataset.get(1).name());
            assertEquals(200, dataset.get(1).label());
        }
        var file = folder.resolve("t10k-images.idx3-ubyte");
        assertEquals(9, Datasets.open("idx:" + file, "any").get(0).label());
    }

    @Test
    void refusesWrongMagic() throws IOException {
        write("t10k-images-idx3-ubyte", LABELS);
        write("t10k-labels-idx1-ubyte", LABELS);
        assertEquals(folder.resolve("t10k-images-idx3-ubyte") + ": not an IDX file of unsigned bytes in 3 dimensions,"
                + " expected the magic 00000803, found 00000801", refusal());
        write("t10k-images-idx3-ubyte", IMAGES);
        write("t10k-labels-idx1-ubyte", IMAGES);
        assertTrue(refusal().endsWith("expected the magic 00000801, found 00000803"));
    }

    @Test
    void refusesTruncatedAndOverlongFiles() throws IOException {
        write("t10k-labels-idx1-ubyte", LABELS);
        var images = folder.resolve("t10k-images-idx3-ubyte");
        write("t10k-images-idx3-ubyte", Arrays.copyOf(IMAGES, IMAGES.length - 1));
        assertEquals(images + ": expected 12 elements for the size [2, 2, 3], found 11 (truncated)", refusal());
        write("t10k-images-idx3-ubyte", Arrays.copyOf(IMAGES, IMAGES.length + 1));
        assertEquals(images + ": expected 12 elements for the size [2, 2, 3], found more", refusal());
        for (int length : new int[] {0, 3, 15}) {
            write("t10k-images-idx3-ubyte", Arrays.copyOf(IMAGES, length));
            assertEquals(images + ": truncated", refusal());
        }
        Files.delete(images);
        write("t10k-images-idx3-ubyte.gz", Arrays.copyOf(gz(IMAGES), 30));
        assertEquals(images + ".gz: truncated", refusal());
        write("t10k-images-idx3-ubyte.gz", IMAGES);
        assertTrue(refusal().startsWith(images + ".gz: cannot be read ("));
    }

    @Test
    void refusesSizesThatNoImageHasWithoutAllocatingThem() throws IOException {
        write("t10k-labels-idx1-ubyte", LABELS);
        for (var size : new int[][] {{0, 2, 3}, {2, 0, 3}, {2, -1, 3}, {1 << 16, 1 << 16, 1 << 16}}) {
            write("t10k-images-idx3-ubyte", idx(size));
            var message = refusal();
            assertTrue(message.contains(": declares the size ["), message);
        }
        write("t10k-images-idx3-ubyte", idx(new int[] {700, 1000, 1000}));
        assertTrue(refusal().endsWith("found 0 (truncated)"));
    }

    @Test
    void refusesAnotherNumberOfLabelsThanImages() throws IOException {
        write("t10k-images-idx3-ubyte", IMAGES);
        write("t10k-labels-idx1-ubyte", idx(new int[] {3}, 1, 2, 3));
        assertEquals(folder.resolve("t10k-labels-idx1-ubyte") + ": 3 labels for the 2 images of t10k-images-idx3-ubyte",
                refusal());
    }

    @Test
    void refusesMissingFilesAndOtherSplits() throws IOException {
        assertEquals(folder.resolve("t10k-images-idx3-ubyte") + ": cannot be read (no such file)", refusal());
        write("t10k-images-idx3-ubyte", IMAGES);
        assertEquals(folder.resolve("t10k-labels-idx1-ubyte") + ": cannot be read (no such file)", refusal());
        assertEquals("split: expected train or test, found \"val\"",
                Fixtures.inputError(() -> Datasets.open("idx:" + folder, "val")));
        assertEquals(folder.resolve("nothing") + ": no such file or directory",
                Fixtures.inputError(() -> Datasets.open("idx:" + folder.resolve("nothing"), "test")));
        write("pictures", IMAGES);
        assertEquals(folder.resolve("pictures") + ": expected a name with \"images\", to find the labels beside it",
                Fixtures.inputError(() -> Datasets.open("idx:" + folder.resolve("pictures"), "test")));
    }

    private static void assertImage(int width, int height, List<Integer> greys, RgbImage image) {
        assertEquals(width, image.width());
        assertEquals(height, image.height());
        var pixels = new ByteArrayOutputStream();
        for (int grey : greys) {
            for (int channel = 0; channel < 3; channel++) {
                pixels.write(grey);
            }
        }
        assertArrayEquals(pixels.toByteArray(), image.pixels());
    }

    private static byte[] idx(int[] dimensions, int... elements) {
        var bytes = ByteBuffer.allocate(4 + 4 * dimensions.length + elements.length);
        bytes.putInt(0x0800 + dimensions.length);
        for (int dimension : dimensions) {
            bytes.putInt(dimension);
        }
        for (int element : elements) {
            bytes.put((byte) element);
        }
        return bytes.array();
    }

    private static byte[] gz(byte[] bytes) throws IOException {
        var zipped = new ByteArrayOutputStream();
        try (var out = new GZIPOutputStream(zipped)) {
            out.write(bytes);
        }
        return zipped.toByteArray();
    }

    private void write(String name, byte[] bytes) throws IOException {
        Files.write(folder.resolve(name), bytes);
    }

    private String refusal() {
        return Fixtures.inputError(() -> Datasets.open("idx:" + folder, "test"));
    }
}
