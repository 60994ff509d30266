package org.diffusionclassifier.safetensors;

import static org.diffusionclassifier.testing.Fixtures.inputError;
import static org.diffusionclassifier.testing.Fixtures.resource;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.diffusionclassifier.tensor.DType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafetensorsWriterTest {

    @TempDir
    Path temp;

    @Test
    void writesTheBytesOfTheFormat() throws IOException {
        Path path = temp.resolve("small.safetensors");
        new SafetensorsWriter()
                .floats("w", DType.F16, List.of(1, 2), new float[] {1, -2})
                .write(path);
        byte[] file = Files.readAllBytes(path);
        long length = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getLong();
        assertEquals(0, length % 8, "data are aligned");
        assertEquals(8 + length + 4, file.length);
        var entry = new ObjectMapper()
                .readTree(new String(file, 8, (int) length, StandardCharsets.UTF_8)).get("w");
        assertEquals("F16", entry.get("dtype").textValue());
        assertEquals("[1,2]", entry.get("shape").toString());
        assertEquals("[0,4]", entry.get("data_offsets").toString());
        assertArrayEquals(new byte[] {0, 0x3c, 0, (byte) 0xc0}, data(path));
    }

    @Test
    void everythingComesBack() {
        Path path = temp.resolve("all.safetensors");
        new SafetensorsWriter()
                .metadata("format", "pt")
                .metadata("note", "line\nbreak \"ü\"")
                .bytes("bytes", List.of(3), new byte[] {-1, 0, 1})
                .floats("bf16", DType.BF16, List.of(2), new float[] {1.00390625f, Float.NEGATIVE_INFINITY})
                .floats("f32", DType.F32, List.of(), new float[] {Float.MIN_VALUE})
                .floats("none", DType.F32, List.of(0, 7), new float[0])
                .longs("longs", List.of(2, 1), new long[] {Long.MIN_VALUE, 5})
                .write(path);
        try (var file = SafetensorsFile.open(path)) {
            assertEquals(Map.of("format", "pt", "note", "line\nbreak \"ü\""), file.metadata());
            assertTrue(file.tensors().values().stream().allMatch(t -> t.offset() % t.dtype().bytes() == 0), "aligned");
            assertArrayEquals(new byte[] {-1, 0, 1}, file.readBytes("bytes"));
            assertArrayEquals(new long[] {Long.MIN_VALUE, 5}, file.readLongs("longs"));
            var floats = new float[3];
            file.read("bf16", FloatBuffer.wrap(floats));
            file.read("f32", FloatBuffer.wrap(floats).position(2));
            assertArrayEquals(new float[] {1, Float.NEGATIVE_INFINITY, Float.MIN_VALUE}, floats);
            assertEquals(List.of(0, 7), file.tensors().get("none").shape());
        }
    }

    @Test
    void valuesAreAskedForOneTensorAfterAnotherAsDeclared() {
        var asked = new ArrayList<String>();
        var writer = new SafetensorsWriter();
        for (String name : List.of("z", "a", "m")) {
            writer.floats(name, DType.F16, List.of(2), () -> {
                asked.add(name);
                return FloatBuffer.wrap(new float[] {0, 1, 2, 3}, 1, 2);
            });
        }
        assertEquals(List.of(), asked);
        Path path = temp.resolve("ordered.safetensors");
        writer.write(path);
        assertEquals(List.of("z", "a", "m"), asked);
        try (var file = SafetensorsFile.open(path)) {
            assertEquals(asked, List.copyOf(file.tensors().keySet()));
            var values = new float[2];
            file.read("m", FloatBuffer.wrap(values));
            assertArrayEquals(new float[] {1, 2}, values);
        }
    }

    @Test
    void rewritingAGoldenModelKeepsEveryTensorsBytes() throws IOException {
        Path golden = resource("golden/clip-text-sd1-tiny/model.safetensors");
        Path path = temp.resolve("rewritten.safetensors");
        var writer = new SafetensorsWriter();
        try (var file = SafetensorsFile.open(golden)) {
            for (TensorInfo tensor : file.tensors().values()) {
                writer.floats(tensor.name(), tensor.dtype(), tensor.shape(), () -> {
                    var values = FloatBuffer.allocate((int) tensor.elements());
                    file.read(tensor.name(), values);
                    return values.flip();
                });
            }
            writer.write(path);
        }
        assertArrayEquals(data(golden), data(path));
    }

    @Test
    void aFailureLeavesTheOldFileAndNothingElse() throws IOException {
        Path path = Files.writeString(temp.resolve("model.safetensors"), "old");
        var failing = new SafetensorsWriter()
                .floats("good", DType.F32, List.of(1), new float[1])
                .floats("bad", DType.F32, List.of(1), () -> {
                    throw new UncheckedIOException(new IOException("source lost"));
                });
        assertThrows(UncheckedIOException.class, () -> failing.write(path));
        assertEquals("old", Files.readString(path));
        var mismatched = new SafetensorsWriter().floats("t", DType.F32, List.of(2), new float[3]);
        assertThrows(IllegalArgumentException.class, () -> mismatched.write(path));
        try (var files = Files.list(temp)) {
            assertEquals(List.of(path), files.toList());
        }
    }

    @Test
    void anUnwritablePlaceIsNamed() {
        Path path = temp.resolve("no/such/folder/model.safetensors");
        assertEquals(path + ": cannot be written (no directory " + path.getParent() + ")",
                inputError(() -> new SafetensorsWriter().write(path)));
    }

    @Test
    void aNameDeclaredTwiceOrAFloatTensorOfIntegersIsAMistakeOfTheCaller() {
        var writer = new SafetensorsWriter().bytes("t", List.of(0), new byte[0]);
        assertThrows(IllegalArgumentException.class, () -> writer.longs("t", List.of(0), new long[0]));
        assertThrows(IllegalArgumentException.class, () -> writer.longs("__metadata__", List.of(0), new long[0]));
        assertThrows(IllegalArgumentException.class,
                () -> writer.floats("i", DType.I64, List.of(1), new float[1]));
    }

    private static byte[] data(Path path) throws IOException {
        byte[] file = Files.readAllBytes(path);
        int start = 8 + (int) ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getLong();
        return Arrays.copyOfRange(file, start, file.length);
    }
}
