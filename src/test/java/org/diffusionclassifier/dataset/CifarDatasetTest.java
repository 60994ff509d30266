package org.diffusionclassifier.dataset;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.testing.Fixtures;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

class CifarDatasetTest {

    @TempDir
    Path folder;

    @Test
    void readsCifar10AcrossItsBatches() throws IOException {
        writeNames("batches.meta.txt", 10);
        for (int batch = 1; batch <= 5; batch++) {
            Files.write(folder.resolve("data_batch_" + batch + ".bin"),
                    records(batch, 1, 2 * batch - 2, 2 * batch - 1));
        }
        var train = Datasets.open("cifar10:" + folder, "train");
        assertEquals(1 + 2 + 3 + 4 + 5, train.size());
        assertEquals("class 7", train.classNames().get(7));
        assertEquals("data_batch_1#0", train.get(0).name());
        assertEquals(1, train.get(0).label()); // each batch's last record has the second label
        assertEquals("data_batch_2#1", train.get(2).name());
        assertEquals(3, train.get(2).label());
        assertEquals("data_batch_5#4", train.get(14).name());
        assertThrows(IndexOutOfBoundsException.class, () -> train.get(15));
    }

    @Test
    void interleavesThePlanes() throws IOException {
        writeNames("batches.meta.txt", 10);
        Files.write(folder.resolve("test_batch.bin"), records(2, 1, 0, 9));
        var image = Datasets.open("cifar10:" + folder, "test").get(1).image();
        assertEquals(32, image.width());
        assertEquals(32, image.height());
        assertEquals(32 * 32 * 3, image.pixels().length);
        for (int y = 0; y < 32; y++) {
            for (int x = 0; x < 32; x++) {
                for (int channel = 0; channel < 3; channel++) {
                    assertEquals(element(1, channel, y, x), image.pixels()[(y * 32 + x) * 3 + channel]);
                }
            }
        }
    }

    @Test
    void readsTheFineLabelsOfCifar100() throws IOException {
        writeNames("fine_label_names.txt", 100);
        Files.write(folder.resolve("test.bin"), records(3, 2, 19, 99));
        var test = Datasets.open("cifar100:" + folder, "test");
        assertEquals(3, test.size());
        assertEquals(99, test.get(2).label());
        assertEquals("test#2", test.get(2).name());
        assertEquals(element(2, 0, 0, 0), test.get(2).image().pixels()[0]);
    }

    @Test
    void refusesASizeThatIsNoMultipleOfARecord() throws IOException {
        writeNames("batches.meta.txt", 10);
        var file = Files.write(folder.resolve("test_batch.bin"), new byte[3074]);
        var message = file + ": not in CIFAR's binary version, expected a multiple of 3073 bytes below 2 GiB, found ";
        assertEquals(message + 3074, refusal());
        Files.write(file, new byte[0]);
        assertEquals(message + 0, refusal());
    }

    @Test
    void refusesALabelOutsideTheClasses() throws IOException {
        writeNames("batches.meta.txt", 10);
        var file = Files.write(folder.resolve("test_batch.bin"), records(3, 1, 0, 255));
        assertEquals(file + ": record 2 has the label 255, expected one below 10", refusal());
    }

    @Test
    void refusesMissingFilesOtherSplitsAndTheWrongNumberOfNames() throws IOException {
        assertEquals(folder.resolve("batches.meta.txt") + ": cannot be read (no such file)", refusal());
        writeNames("batches.meta.txt", 9);
        assertEquals(folder.resolve("batches.meta.txt") + ": expected 10 class names, found 9", refusal());
        writeNames("batches.meta.txt", 10);
        assertEquals(folder.resolve("test_batch.bin") + ": cannot be read (no such file)", refusal());
        assertEquals("split: expected train or test, found \"val\"",
                Fixtures.inputError(() -> Datasets.open("cifar100:" + folder, "val")));
    }

    /** Pickles that NumPy made (src/test/resources/cifar/make.py): the same pictures as those of this test. */
    @ParameterizedTest
    @ValueSource(strings = {"test_batch", "test_batch-4"})
    void readsThePythonVersion(String pickle) throws IOException {
        copy("batches.meta", "batches.meta");
        copy(pickle, "test_batch");
        var test = Datasets.open("cifar10:" + folder, "test");
        assertEquals(2, test.size());
        assertEquals("truck", test.classNames().get(9));
        assertEquals("cifar10 " + folder + " (test_batch), 2 images of 32x32", test.description());
        assertEquals("test_batch#1", test.get(1).name());
        assertEquals(folder.resolve("test_batch"), test.file(1));
        assertEquals(3, test.get(0).label());
        assertEquals(9, test.get(1).label());
        requirePixels(test);
        assertEquals(folder.resolve("data_batch_1") + ": cannot be read (no such file)",
                Fixtures.inputError(() -> Datasets.open("cifar10:" + folder, "train")));
    }

    /** A matrix by columns. */
    @Test
    void readsThePythonVersionOfCifar100() throws IOException {
        copy("meta", "meta");
        copy("test", "test");
        var test = Datasets.open("cifar100:" + folder, "test");
        assertEquals(List.of(0, 19, 99), IntStream.range(0, 3).mapToObj(test::label).toList());
        assertEquals("class 19", test.classNames().get(19));
        requirePixels(test);
    }

    private static void requirePixels(Dataset test) {
        for (int picture = 0; picture < test.size(); picture++) {
            byte[] pixels = test.get(picture).image().pixels();
            for (int i = 0; i < pixels.length; i++) {
                assertEquals(element(picture, i % 3, i / 96, i / 3 % 32), pixels[i]);
            }
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', textBlock = """
            floats       | pickle, before byte 12468: expected a matrix of uint8, found a sequence of 5
            line         | pickle, before byte 3233: expected a matrix of uint8, found a sequence of 5
            narrow       | data: expected a matrix of uint8 with 3072 columns, found a matrix of 1×3071
            few          | labels: expected a list of 2 labels, found a list of 1
            label        | labels[1]: expected a label from 0 to 9, found 10
            empty        | data: expected a matrix of uint8 with 3072 columns, found a matrix of 0×3072
            """)
    void refusesOtherPickles(String name, String message) throws IOException {
        copy("batches.meta", "batches.meta");
        copy("wrong-" + name, "test_batch");
        assertEquals(folder.resolve("test_batch") + ": " + message, refusal());
    }

    @Test
    void callsNothingThatAPickleNames() throws IOException {
        copy("batches.meta", "batches.meta");
        Files.writeString(folder.resolve("test_batch"), "cos\nsystem\n(U\002lstR.");
        assertEquals(folder.resolve("test_batch") + ": pickle, before byte 11: expected only plain data and NumPy's "
                + "arrays, found the global os.system", refusal());
        copy("meta", "batches.meta");
        assertEquals(folder.resolve("batches.meta") + ": label_names: expected a list of 10 names, found none",
                refusal());
        Files.writeString(folder.resolve("batches.meta"), "].");
        assertEquals(folder.resolve("batches.meta") + ": expected a pickle of a dict, as CIFAR's Python version has "
                + "it, found another value", refusal());
    }

    /** Every broken pickle is refused, or read as something. */
    @Test
    void outlivesDamage() throws IOException {
        copy("batches.meta", "batches.meta");
        byte[] whole = Files.readAllBytes(Fixtures.resource("cifar/test_batch"));
        var random = new Random(1);
        int refused = 0;
        for (int i = 0; i < 500; i++) {
            byte[] bytes = i % 3 == 0 ? Arrays.copyOf(whole, 1 + random.nextInt(whole.length - 1)) : whole.clone();
            for (int change = 0; change <= i % 3; change++) {
                bytes[random.nextInt(Math.min(bytes.length, 260))] = (byte) random.nextInt(256);    // the structure
            }
            Files.write(folder.resolve("test_batch"), bytes);
            try {
                Datasets.open("cifar10:" + folder, "test").get(0);
            } catch (InputException e) {
                refused++;
            }
        }
        assertTrue(refused > 300, refused + " refused");
    }

    private void copy(String resource, String name) throws IOException {
        Files.copy(Fixtures.resource("cifar/" + resource), folder.resolve(name), StandardCopyOption.REPLACE_EXISTING);
    }

    private static byte element(int record, int channel, int y, int x) {
        return (byte) (record * 101 + channel * 67 + y * 7 + x);
    }

    /** {@code first} is the label byte of every record, and {@code last} the last label byte of the last record. */
    private static byte[] records(int count, int labelBytes, int first, int last) {
        var bytes = ByteBuffer.allocate(count * (labelBytes + 3072));
        for (int record = 0; record < count; record++) {
            for (int label = 0; label < labelBytes; label++) {
                bytes.put((byte) (record == count - 1 && label == labelBytes - 1 ? last : first));
            }
            for (int channel = 0; channel < 3; channel++) {
                for (int y = 0; y < 32; y++) {
                    for (int x = 0; x < 32; x++) {
                        bytes.put(element(record, channel, y, x));
                    }
                }
            }
        }
        return bytes.array();
    }

    private void writeNames(String file, int count) throws IOException {
        Files.writeString(folder.resolve(file), IntStream.range(0, count).mapToObj(i -> "class " + i + "\n")
                .collect(Collectors.joining()) + "\n");
    }

    private String refusal() {
        return Fixtures.inputError(() -> Datasets.open("cifar10:" + folder, "test"));
    }
}
