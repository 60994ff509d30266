package org.diffusionclassifier.file;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.diffusionclassifier.file.MatFile.Cells;
import org.diffusionclassifier.file.MatFile.Numbers;
import org.diffusionclassifier.file.MatFile.Text;
import org.diffusionclassifier.file.MatFile.Unread;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.testing.Fixtures;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * Files that SciPy 1.10 has written, plain and compressed:
 * <pre>
 *   import numpy as np, scipy.io
 *   ints = {t: np.array([[np.iinfo(t).min, 1, np.iinfo(t).max]], t)
 *           for t in ('i1', 'u1', 'i2', 'u2', 'i4', 'u4', 'i8', 'u8')}
 *   synsets = np.zeros((2, 1), [(n, 'O') for n in ('ILSVRC2012_ID', 'WNID', 'num_children', 'children')])
 *   for i, wnid in enumerate(('n02119789', 'n02100735')):
 *       synsets[i, 0] = (float(i + 1), wnid, np.uint8(0), np.zeros((0, 0)))
 *   values = dict(ints, single=np.float32([[0.1]]), double=np.array([[1.5, 2.5], [3.5, -4.5]]), text='naïve café',
 *                 lines=np.array(['ab', 'cde']), none='', cell=np.array([7, 'x'], 'O'), synsets=synsets,
 *                 z=np.array([1j]))
 *   for name, compressed in ('plain', False), ('compressed', True):
 *       scipy.io.savemat(name + '.mat', values, do_compression=compressed)
 * </pre>
 */
class MatFileTest {

    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"plain", "compressed"})
    void readsWhatScipyWrote(String name) {
        var file = MatFile.read(resource(name));
        assertArrayEquals(new double[] {-128, 1, 127}, numbers(file, "i1").values());
        assertArrayEquals(new double[] {0, 1, 255}, numbers(file, "u1").values());
        assertArrayEquals(new double[] {-32768, 1, 32767}, numbers(file, "i2").values());
        assertArrayEquals(new double[] {0, 1, 65535}, numbers(file, "u2").values());
        assertArrayEquals(new double[] {-0x1p31, 1, 0x1p31 - 1}, numbers(file, "i4").values());
        assertArrayEquals(new double[] {0, 1, 0x1p32 - 1}, numbers(file, "u4").values());
        assertArrayEquals(new double[] {-0x1p63, 1, 0x1p63}, numbers(file, "i8").values());
        assertArrayEquals(new double[] {0, 1, 0x1p64}, numbers(file, "u8").values());
        assertArrayEquals(new double[] {0.1f}, numbers(file, "single").values());
        assertArrayEquals(new double[] {1.5, 3.5, 2.5, -4.5}, numbers(file, "double").values());
        assertEquals(List.of(2, 2), numbers(file, "double").dimensions());
        assertEquals(new Text(List.of("naïve café")), file.variables().get("text"));
        assertEquals(new Text(List.of("ab ", "cde")), file.variables().get("lines"));
        assertEquals(new Text(List.of("")), file.variables().get("none"));
        assertEquals(new Unread("complex"), file.variables().get("z"));
        var cells = ((Cells) file.variables().get("cell")).cells();
        assertArrayEquals(new double[] {7}, ((Numbers) cells.get(0)).values());
        assertEquals(new Text(List.of("x")), cells.get(1));
        var synsets = file.structures("synsets");
        assertEquals(2, synsets.size());
        assertEquals(2, synsets.get(1).integer("ILSVRC2012_ID", 1, 1860));
        assertEquals("n02100735", synsets.get(1).text("WNID"));
        assertEquals(0, synsets.get(1).integer("num_children", 0, 100));
        assertEquals(List.of(0, 0), ((Numbers) synsets.get(1).fields().get("children")).dimensions());
    }

    /** By hand, after the format's description; numbers of class double are stored as bytes. */
    @Test
    void readsBigEndianFilesAndSmallElements() throws IOException {
        var bytes = ByteBuffer.allocate(128 + 8 + 16 + 16 + 8 + 8 + 8);
        bytes.put("MATLAB 5.0 MAT-file".getBytes(StandardCharsets.US_ASCII)).position(124);
        bytes.putShort((short) 0x0100).put((byte) 'M').put((byte) 'I');
        bytes.putInt(14).putInt(16 + 16 + 8 + 8);
        bytes.putInt(6).putInt(8).putInt(6).putInt(0);
        bytes.putInt(5).putInt(8).putInt(1).putInt(3);
        bytes.putShort((short) 2).putShort((short) 1).put(new byte[] {'i', 'd', 0, 0});
        bytes.putShort((short) 3).putShort((short) 2).put(new byte[] {5, (byte) 200, 7, 0});
        Path file = Files.write(folder.resolve("big.mat"), bytes.array());
        assertArrayEquals(new int[] {5, 200, 7}, MatFile.read(file).integers("id", 1, 200));
    }

    @Test
    void saysWhichValueIsWrong() {
        Path path = resource("plain");
        var file = MatFile.read(path);
        refused(path + ": no variable labels, found \"i1, u1, i2, u2, i4, u4, i8, u8, single, double, text, lines, "
                + "none, cell, synsets, z\"", () -> file.integers("labels", 1, 102));
        refused(path + ": u1(3): expected a whole number from 0 to 102, found 255.0",
                () -> file.integers("u1", 0, 102));
        refused(path + ": double(1): expected a whole number from 0 to 9, found 1.5",
                () -> file.integers("double", 0, 9));
        refused(path + ": text: expected numbers, found text", () -> file.integers("text", 0, 9));
        refused(path + ": z: expected structures, found complex", () -> file.structures("z"));
        var synset = file.structures("synsets").get(0);
        refused(path + ": synsets.words: expected text, found none", () -> synset.text("words"));
        refused(path + ": synsets.children: expected one number, found 0", () -> synset.integer("children", 0, 9));
    }

    @Test
    void refusesOtherVersions() throws IOException {
        Path file = Files.write(folder.resolve("a.mat"), new byte[127]);
        refused(file + ": expected a MATLAB file of version 5 (save -v6 or -v7), found none", () -> MatFile.read(file));
        byte[] bytes = Files.readAllBytes(resource("plain"));
        bytes[125] = 2;
        Files.write(file, bytes);
        refused(file + ": expected a MATLAB file of version 5 (save -v6 or -v7), found version 7.3, which is HDF5",
                () -> MatFile.read(file));
    }

    @Test
    void refusesSizesThatTheFileDoesNotHave() throws IOException {
        byte[] bytes = Files.readAllBytes(resource("plain"));
        bytes[128 + 7] = 0x7f;    // the first variable's size: 2 GB
        Path file = Files.write(folder.resolve("huge.mat"), bytes);
        String refusal = Fixtures.inputError(() -> MatFile.read(file));
        assertTrue(refusal.startsWith(file + ": broken MATLAB file: expected 2130706"), refusal);
    }

    /** Every broken file is refused, or read as something: in little memory, and not with another exception. */
    @ParameterizedTest
    @ValueSource(strings = {"plain", "compressed"})
    void outlivesDamage(String name) throws IOException {
        byte[] whole = Files.readAllBytes(resource(name));
        var random = new Random(1);
        int refused = 0;
        for (int i = 0; i < 3000; i++) {
            byte[] bytes = i % 3 == 0 ? Arrays.copyOf(whole, random.nextInt(whole.length)) : whole.clone();
            for (int change = 0; change <= i % 3 && bytes.length > 128; change++) {
                bytes[128 + random.nextInt(bytes.length - 128)] = (byte) random.nextInt(256);
            }
            try {
                MatReader.read(bytes, "file");
            } catch (InputException e) {
                refused++;
            }
        }
        assertTrue(refused > 1000, refused + " refused");
    }

    private static Numbers numbers(MatFile file, String variable) {
        return (Numbers) file.variables().get(variable);
    }

    private static void refused(String message, Executable action) {
        assertEquals(message, Fixtures.inputError(action));
    }

    private static Path resource(String name) {
        return Fixtures.resource("mat/" + name + ".mat");
    }
}
