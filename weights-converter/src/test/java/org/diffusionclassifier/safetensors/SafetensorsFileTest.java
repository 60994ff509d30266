package org.diffusionclassifier.safetensors;

import static org.diffusionclassifier.testing.Fixtures.inputError;
import static org.diffusionclassifier.testing.Fixtures.resource;
import static org.diffusionclassifier.testing.Fixtures.safetensors;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.diffusionclassifier.tensor.DType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Expected values of the golden files were computed with numpy. */
class SafetensorsFileTest {

    @TempDir
    Path temp;

    @Test
    void readsTheHalvesOfAGoldenModel() {
        try (var file = SafetensorsFile.open(resource("golden/clip-text-sd1-tiny/model.safetensors"))) {
            assertEquals(36, file.tensors().size());
            assertEquals(Map.of("format", "pt"), file.metadata());
            float[] tokens = floats(file, "embeddings.token_embedding.weight", 300 * 32);
            assertEquals(-0.55908203125f, tokens[0]);
            assertEquals(-0.17431640625f, tokens[1]);
            assertEquals(0.08453369140625f, tokens[tokens.length - 1]);
            assertEquals(34.16675686836243, sum(tokens), 1e-9);
            assertEquals(-2.3042054772377014, sum(floats(file, "encoder.layers.1.mlp.fc2.weight", 32 * 128)), 1e-9);
        }
    }

    @Test
    void readsTheLongsAndFloatsOfAGoldenResult() {
        try (var file = SafetensorsFile.open(resource("golden/clip-text-sd1-tiny/io.safetensors"))) {
            assertEquals(List.of("input_ids", "last_hidden_state"), List.copyOf(file.tensors().keySet()));
            assertEquals(Map.of(), file.metadata());
            long[] ids = file.readLongs("input_ids");
            assertArrayEquals(new long[] {298, 259, 129, 299}, Arrays.copyOf(ids, 4));
            assertEquals(10513, Arrays.stream(ids).sum());
            float[] state = floats(file, "last_hidden_state", 3 * 16 * 32);
            assertEquals(-0.1840488761663437f, state[0]);
            assertEquals(-39.41011409330531, sum(state), 1e-9);
        }
    }

    @Test
    void readsInsideAZip() throws IOException {
        Path zip = temp.resolve("model.jar");
        try (var inside = FileSystems.newFileSystem(zip, Map.of("create", "true"))) {
            Files.copy(resource("golden/clip-text-sd1-tiny/model.safetensors"), inside.getPath("/model.safetensors"));
        }
        try (var inside = FileSystems.newFileSystem(zip);
                var file = SafetensorsFile.open(inside.getPath("/model.safetensors"))) {
            assertEquals(34.16675686836243, sum(floats(file, "embeddings.token_embedding.weight", 300 * 32)), 1e-9);
            assertEquals(-0.057464599609375f, floats(file, "final_layer_norm.bias", 32)[0]);
        }
    }

    @Test
    void decodesEveryDTypeAndKeepsShapes() throws IOException {
        var data = ByteBuffer.allocate(16 + 8 + 4 + 4 + 8 + 2).order(ByteOrder.LITTLE_ENDIAN)
                .putDouble(0.1).putDouble(-3)
                .putFloat(1.5f).putFloat(Float.MIN_VALUE)
                .putShort((short) 0x3c00).putShort((short) 0xfbff)
                .putShort((short) 0x3f80).putShort((short) 0xc040)
                .putInt(-7).putInt(Integer.MAX_VALUE)
                .put((byte) 200).put((byte) 3);
        Path path = safetensors(temp.resolve("all.safetensors"), """
                {"f64":{"dtype":"F64","shape":[2],"data_offsets":[0,16]},
                 "f32":{"dtype":"F32","shape":[2,1],"data_offsets":[16,24]},
                 "f16":{"dtype":"F16","shape":[1,2],"data_offsets":[24,28]},
                 "bf16":{"dtype":"BF16","shape":[2],"data_offsets":[28,32]},
                 "i32":{"dtype":"I32","shape":[2],"data_offsets":[32,40]},
                 "u8":{"dtype":"U8","shape":[2],"data_offsets":[40,42]},
                 "none":{"dtype":"F32","shape":[3,0],"data_offsets":[40,40]}}""", data.array());
        try (var file = SafetensorsFile.open(path)) {
            assertArrayEquals(new float[] {0.1f, -3}, floats(file, "f64", 2));
            assertArrayEquals(new float[] {1.5f, Float.MIN_VALUE}, floats(file, "f32", 2));
            assertArrayEquals(new float[] {1, -65504}, floats(file, "f16", 2));
            assertArrayEquals(new float[] {1, -3}, floats(file, "bf16", 2));
            assertArrayEquals(new long[] {-7, Integer.MAX_VALUE}, file.readLongs("i32"));
            assertArrayEquals(new byte[] {(byte) 200, 3}, file.readBytes("u8"));
            assertEquals(0, floats(file, "none", 0).length);
            assertEquals(List.of(3, 0), file.tensors().get("none").shape());
            assertEquals(List.of("f64", "f32", "f16", "bf16", "i32", "none", "u8"),
                    List.copyOf(file.tensors().keySet()), "in the order of the data");
        }
    }

    @Test
    void readsATensorLongerThanAChunkAtTheBuffersPosition() {
        int n = (1 << 19) * 2 + 3;
        var values = new float[n];
        IntStream.range(0, n).forEach(i -> values[i] = i % 2048);
        Path path = temp.resolve("long.safetensors");
        new SafetensorsWriter()
                .floats("a", DType.F16, List.of(n), values)
                .floats("b", DType.F32, List.of(n), values)
                .write(path);
        try (var file = SafetensorsFile.open(path)) {
            var destination = FloatBuffer.allocate(2 * n + 2).position(1);
            file.read("a", destination);
            assertEquals(n + 1, destination.position());
            file.read("b", destination);
            assertEquals(2 * n + 1, destination.position());
            float[] all = destination.array();
            assertEquals(0, all[0]);
            assertArrayEquals(values, Arrays.copyOfRange(all, 1, n + 1));
            assertArrayEquals(values, Arrays.copyOfRange(all, n + 1, 2 * n + 1));
            assertEquals(0, all[2 * n + 1]);
        }
    }

    @Test
    void aFileWithoutTensorsIsValid() throws IOException {
        try (var file = SafetensorsFile.open(safetensors(temp.resolve("empty.safetensors"), "{}"))) {
            assertTrue(file.tensors().isEmpty());
        }
    }

    @Test
    void aScalarHasOneElement() throws IOException {
        Path path = safetensors(temp.resolve("scalar.safetensors"),
                "{\"t\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[0,1]}}", (byte) 42);
        try (var file = SafetensorsFile.open(path)) {
            assertArrayEquals(new byte[] {42}, file.readBytes("t"));
        }
    }

    @Test
    void wrongRequestsNameFileAndTensor() {
        Path path = resource("golden/clip-text-sd1-tiny/io.safetensors");
        try (var file = SafetensorsFile.open(path)) {
            assertEquals(path + ": no tensor output", inputError(() -> floats(file, "output", 1)));
            assertEquals(path + ": tensor input_ids: expected dtype F64, F32, F16, BF16 or F8, found I64",
                    inputError(() -> floats(file, "input_ids", 48)));
            assertEquals(path + ": tensor last_hidden_state: expected dtype I64 or I32, found F32",
                    inputError(() -> file.readLongs("last_hidden_state")));
            assertEquals(path + ": tensor input_ids: expected dtype U8, found I64",
                    inputError(() -> file.readBytes("input_ids")));
            assertThrows(IllegalArgumentException.class, () -> floats(file, "last_hidden_state", 3 * 16 * 32 - 1));
        }
    }

    @Test
    void aFileThatShrinksWhileOpenIsReported() throws IOException {
        Path path = safetensors(temp.resolve("shrinks.safetensors"),
                "{\"t\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", new byte[8]);
        try (var file = SafetensorsFile.open(path)) {
            Files.write(path, new byte[20]);
            assertTrue(inputError(() -> floats(file, "t", 2)).startsWith(path.toString()));
        }
    }

    @Test
    void aMissingFileAndADirectoryAreNamed() {
        Path missing = temp.resolve("missing.safetensors");
        assertEquals(missing + ": cannot be read (no such file)", inputError(() -> SafetensorsFile.open(missing)));
        assertTrue(inputError(() -> SafetensorsFile.open(temp)).startsWith(temp.toString()));
    }

    @ParameterizedTest
    @CsvSource({"0", "1", "33", "100000001", "1152921504606846976", "9223372036854775807", "-1"})
    void aHeaderLengthBeyondTheFileOrTheFormatIsRefusedUnread(long length) throws IOException {
        Path path = temp.resolve("hostile.safetensors");
        Files.write(path, ByteBuffer.allocate(40).order(ByteOrder.LITTLE_ENDIAN).putLong(length).array());
        assertEquals(path + ": not a safetensors file: expected a header length of 2 to 32 bytes, found "
                + Long.toUnsignedString(length), inputError(() -> SafetensorsFile.open(path)));
    }

    @Test
    void aHeaderLengthAboveTheFormatsCapIsRefusedThoughTheFileIsLonger() throws IOException {
        Path path = temp.resolve("sparse.safetensors");
        try (var channel = Files.newByteChannel(path, StandardOpenOption.CREATE_NEW,
                StandardOpenOption.WRITE, StandardOpenOption.SPARSE)) {
            channel.write(ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(0, 100_000_001));
            channel.position(200_000_000).write(ByteBuffer.allocate(1));
        }
        assertTrue(inputError(() -> SafetensorsFile.open(path)).contains("2 to 100000000 bytes, found 100000001"));
    }

    @ParameterizedTest
    @CsvSource({"0", "7", "9"})
    void aFileTooShortForAHeaderIsRefused(int size) throws IOException {
        Path path = Files.write(temp.resolve("short.safetensors"), new byte[size]);
        assertEquals(path + ": expected a safetensors file of at least 10 bytes, found " + size,
                inputError(() -> SafetensorsFile.open(path)));
    }

    private static float[] floats(SafetensorsFile file, String name, int elements) {
        var values = new float[elements];
        file.read(name, FloatBuffer.wrap(values));
        return values;
    }

    private static double sum(float[] values) {
        return IntStream.range(0, values.length).mapToDouble(i -> values[i]).sum();
    }
}
