package org.diffusionclassifier.safetensors;

import static org.diffusionclassifier.testing.Fixtures.inputError;
import static org.diffusionclassifier.testing.Fixtures.safetensors;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.diffusionclassifier.testing.Fixtures;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Headers that lie. Every file here has eight bytes of data. */
class SafetensorsHeaderTest {

    @TempDir
    Path temp;

    static Stream<Arguments> hostileHeaders() {
        return Stream.of(
                hostile("[]", "expected a JSON object, found []"),
                hostile("  ", "expected a JSON object, found nothing"),
                hostile("{\"t\":", "not valid JSON at line 1"),
                hostile("{} {}", "not valid JSON at line 1"),
                hostile("{\"t\":" + "[".repeat(2000), "not valid JSON"),
                hostile("{\"t\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
                        + "\"t\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[0,8]}}", "Duplicate field 't'"),
                hostile("{\"t\":{\"dtype\":\"F32\",\"dtype\":\"I32\",\"shape\":[2],\"data_offsets\":[0,8]}}",
                        "Duplicate field 'dtype'"),

                hostile("{\"t\":7}", "tensor t: expected a dtype, found no dtype"),
                hostile(tensor("32", "[2]", "[0,8]"), "expected a dtype, found dtype 32"),
                hostile(tensor("\"F8_E5M2\"", "[7]", "[0,8]"), "expected 7 bytes for F8_E5M2 [7], found data_offsets"),
                hostile(tensor("\"U16\"", "[5]", "[0,8]"), "expected 10 bytes for U16 [5], found data_offsets"),
                hostile(tensor("\"F4\"", "[17]", "[0,8]"), "expected 9 bytes for F4 [17], found data_offsets"),
                hostile(tensor("\"F3\"", "[2147483647,2147483647,4]", "[0,8]"), "expected fewer than 2^63 bits"),

                hostile(tensor("\"F32\"", "2", "[0,8]"), "tensor t: expected a shape, found shape 2"),
                hostile(tensor("\"F32\"", "[-2]", "[0,8]"), "expected a shape of integers from 0 to 2^31 - 1, "
                        + "found shape [-2]"),
                hostile(tensor("\"F32\"", "[-1,-2]", "[0,8]"), "found shape [-1,-2]"),
                hostile(tensor("\"F32\"", "[2.0]", "[0,8]"), "found shape [2.0]"),
                hostile(tensor("\"F32\"", "[\"2\"]", "[0,8]"), "found shape [\"2\"]"),
                hostile(tensor("\"F32\"", "[4294967298]", "[0,8]"), "found shape [4294967298]"),
                hostile(tensor("\"F32\"", "[1073741824,1073741824,4]", "[0,8]"), "expected fewer than 2^63 bits"),
                hostile(tensor("\"F64\"", "[2147483647,2147483647]", "[0,8]"), "expected fewer than 2^63 bits"),

                hostile("{\"t\":{\"dtype\":\"F32\",\"shape\":[2]}}", "expected data_offsets [begin, end], found no "
                        + "data_offsets"),
                hostile(tensor("\"F32\"", "[2]", "[0]"), "expected data_offsets [begin, end], found data_offsets [0]"),
                hostile(tensor("\"F32\"", "[2]", "[0,8,8]"), "found data_offsets [0,8,8]"),
                hostile(tensor("\"F32\"", "[2]", "[0,8.5]"), "found data_offsets [0,8.5]"),
                hostile(tensor("\"F32\"", "[2]", "[0,18446744073709551624]"), "found data_offsets [0,184467440737095"),
                hostile(tensor("\"F32\"", "[2]", "[8,0]"), "expected data_offsets with 0 <= begin <= end"),
                hostile(tensor("\"F32\"", "[2]", "[-8,0]"), "expected data_offsets with 0 <= begin <= end"),
                hostile(tensor("\"F32\"", "[2]", "[8,16]"), "within the 8 bytes of data in the file "
                        + "(truncated?), found data_offsets [8,16]"),
                hostile(tensor("\"F32\"", "[2]", "[0,9223372036854775807]"), "within the 8 bytes of data"),
                hostile(tensor("\"F32\"", "[1]", "[0,8]"), "expected 4 bytes for F32 [1], found data_offsets [0,8]"),
                hostile(tensor("\"F16\"", "[2,3]", "[0,8]"), "expected 12 bytes for F16 [2, 3], found data_offsets"),

                hostile("{}", "expected the end of the file after the header, found 8 more bytes"),
                hostile(tensor("\"F32\"", "[1]", "[0,4]"), "expected the end of the file after t, found 4 more bytes"),
                hostile(tensor("\"F32\"", "[1]", "[4,8]"), "tensor t: expected its data right after "
                        + "the header, found a hole of 4 bytes"),
                hostile("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
                        + "\"b\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[6,8]}}",
                        "tensor b: expected its data right after a, found a hole of 2 bytes"),
                hostile("{\"b\":{\"dtype\":\"U8\",\"shape\":[6],\"data_offsets\":[2,8]},"
                        + "\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}",
                        "tensor b: expected its data right after a, found an overlap of 2 bytes"),
                hostile("{\"a\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[0,8]},"
                        + "\"b\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[0,8]}}", "an overlap of 8 bytes"),

                hostile("{\"__metadata__\":[]," + tensor("\"F32\"", "[2]", "[0,8]").substring(1),
                        "__metadata__: expected an object, found []"),
                hostile("{\"__metadata__\":{\"epoch\":3}," + tensor("\"F32\"", "[2]", "[0,8]").substring(1),
                        "__metadata__: expected a string for epoch, found 3"));
    }

    private static Arguments hostile(String header, String message) {
        return Arguments.of(header, message);
    }

    private static String tensor(String dtype, String shape, String offsets) {
        return "{\"t\":{\"dtype\":" + dtype + ",\"shape\":" + shape + ",\"data_offsets\":" + offsets + "}}";
    }

    @ParameterizedTest
    @MethodSource("hostileHeaders")
    void isRefusedInOneLineThatNamesTheFile(String header, String message) throws IOException {
        Path path = safetensors(temp.resolve("hostile.safetensors"), header, new byte[8]);
        String found = inputError(() -> SafetensorsFile.open(path));
        assertTrue(found.startsWith(path + ": ") && found.contains(message), found);
    }

    /** As published files have them beside their weights: positions in U32, halves of bytes, complex tables. */
    @ParameterizedTest
    @CsvSource({"U16, 4", "U32, 2", "U64, 1", "C64, 1", "F8_E8M0, 8", "F6_E2M3, 10", "F4, 16", "f32, 3", "Q7, 5"})
    void aTensorOfATypeThatNothingReadsIsRefusedOnlyWhenItIsAskedFor(String dtype, int elements) throws IOException {
        Path path = safetensors(temp.resolve("types.safetensors"), "{\"__metadata__\":null,\"w\":{\"dtype\":\"F16\","
                + "\"shape\":[4],\"data_offsets\":[0,8]},\"x\":{\"dtype\":\"" + dtype + "\",\"shape\":[" + elements
                + "],\"data_offsets\":[8,16]}}", new byte[16]);
        try (var file = SafetensorsFile.open(path)) {
            assertArrayEquals(new float[4], file.floats("w", 4));
            assertEquals(List.of(elements), file.shape("x"));
            assertEquals(elements, file.tensors().get("x").elements());
            assertTrue(file.metadata().isEmpty());
            String message = inputError(() -> file.floats("x", elements));
            assertTrue(message.contains("tensor x: expected dtype F64, F32, F16, BF16 or F8, found "), message);
        }
    }

    @Test
    void aTruncatedFileIsRefused() throws IOException {
        byte[] whole = Files.readAllBytes(Fixtures.resource("golden/clip-text-sd1-tiny/model.safetensors"));
        Path path = temp.resolve("truncated.safetensors");
        for (int size : new int[] {whole.length - 1, whole.length / 2, 3000, 100, 8, 3}) {
            Files.write(path, Arrays.copyOf(whole, size));
            assertTrue(inputError(() -> SafetensorsFile.open(path)).startsWith(path + ": "));
        }
    }

    @Test
    void aLineBreakInATensorsNameDoesNotBreakTheMessage() throws IOException {
        Path path = safetensors(temp.resolve("hostile.safetensors"),
                "{\"a\\nb\\u001b[2J\":{\"dtype\":8,\"shape\":[8],\"data_offsets\":[0,8]}}", new byte[8]);
        String message = inputError(() -> SafetensorsFile.open(path));
        assertTrue(message.contains("tensor a\\u000ab\\u001b[2J: expected a dtype"), message);
    }

    @Test
    void aHeaderThatIsNotUtf8IsRefused() throws IOException {
        byte[] file = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN).putLong(8)
                .put("{\"ä\": 1}".getBytes(StandardCharsets.ISO_8859_1)).array();
        Path path = Files.write(temp.resolve("latin.safetensors"), file);
        assertEquals(path + ": cannot be read (not UTF-8 text)", inputError(() -> SafetensorsFile.open(path)));
    }
}
