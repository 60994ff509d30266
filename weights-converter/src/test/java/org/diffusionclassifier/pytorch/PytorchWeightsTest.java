package org.diffusionclassifier.pytorch;

import static org.diffusionclassifier.pytorch.PytorchFixture.contiguous;
import static org.diffusionclassifier.testing.Fixtures.inputError;
import static org.diffusionclassifier.testing.Fixtures.resource;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.diffusionclassifier.pytorch.PytorchTensor.Storage;
import org.diffusionclassifier.checkpoint.SafetensorsWeights;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.Weights;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is read from honest checkpoints; {@link HostileCheckpointTest} has the others. */
class PytorchWeightsTest {

    @TempDir
    Path temp;
    private final PytorchFixture fixture = new PytorchFixture();

    /** Files of PyTorch 1.13's own torch.save; src/test/resources/pytorch/make.py wrote them. */
    @ParameterizedTest
    @ValueSource(strings = {"zip.pt", "legacy.pt", "lightning.ckpt"})
    void readsWhatPyTorchItselfWrote(String file) {
        try (var weights = PytorchWeights.open(resource("pytorch/" + file))) {
            assertEquals(List.of("0.weight", "0.bias", "1.weight", "1.bias", "parameter", "base", "transposed",
                    "column", "rows", "expanded", "scalar", "empty", "float64", "float16", "bfloat16", "int64",
                    "int32", "int16", "int8", "uint8", "bool"), List.copyOf(weights.names()));
            for (String counting : List.of("0.weight", "0.bias", "1.weight", "1.bias", "parameter", "base",
                    "float64", "float16", "bfloat16", "empty")) {       // 0.weight is channels last in the file
                float[] values = all(weights, counting);
                for (int i = 0; i < values.length; i++) {
                    assertEquals(i, values[i], counting);
                }
            }
            assertEquals(List.of(3, 2, 3, 3), weights.shape("0.weight"));
            assertEquals(List.of(0, 3), weights.shape("empty"));
            assertEquals(List.of(), weights.shape("scalar"));
            assertArrayEquals(new float[] {7}, all(weights, "scalar"));
            assertArrayEquals(new float[] {2, 8, 14, 20}, all(weights, "column"));
            assertArrayEquals(new float[] {6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17}, all(weights, "rows"));
            assertArrayEquals(new float[] {0, 1, 2, 0, 1, 2}, all(weights, "expanded"));
            assertArrayEquals(new float[] {0, 6, 12, 18, 1, 7, 13, 19},
                    Arrays.copyOf(all(weights, "transposed"), 8));
            for (DType dtype : List.of(DType.I64, DType.I32, DType.I16, DType.I8)) {
                assertEquals(dtype, weights.dtype("int" + 8 * dtype.bytes()));
            }
            assertEquals(weights.source() + ": tensor bool: expected dtype F64, F32, F16, BF16 or F8, found BOOL",
                    inputError(() -> all(weights, "bool")));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"zip", "zip64", "legacy"})
    void aGoldenModelsTensorsAreThoseOfItsSafetensorsToTheBit(String form) throws IOException {
        try (Weights golden = SafetensorsWeights.open(resource("golden/clip-text-sd1-tiny"), "model")) {
            Map<String, Object> dict = fixture.stateDict(golden);
            byte[] pickle = new PickleBytes().value(dict).end();
            try (var weights = open(switch (form) {
                case "zip" -> fixture.zip(pickle);
                case "zip64" -> ZipBytes.write(true, fixture.entries(pickle, "little"));
                default -> fixture.legacy(pickle);
            })) {
                assertEquals(golden.names(), weights.names());
                assertEquals(List.copyOf(golden.names()), List.copyOf(weights.names()));
                for (String name : golden.names()) {
                    assertEquals(golden.shape(name), weights.shape(name));
                    int[] shape = golden.shape(name).stream().mapToInt(Integer::intValue).toArray();
                    assertArrayEquals(golden.floats(name, shape), weights.floats(name, shape), name);
                }
            }
        }
    }

    /** 1.5 and -2 in each format, laid out by hand. */
    @ParameterizedTest
    @CsvSource({
        "F64, little, 000000000000f83f00000000000000c0", "F64, big, 3ff8000000000000c000000000000000",
        "F32, little, 0000c03f000000c0", "F32, big, 3fc00000c0000000",
        "F16, little, 003e00c0", "F16, big, 3e00c000",
        "BF16, little, c03f00c0", "BF16, big, 3fc0c000"})
    void decodesEveryFloatFormatInEitherByteOrder(DType dtype, String order, String hex) throws IOException {
        byte[] bytes = HexFormat.of().parseHex(hex);
        byte[] pickle = new PickleBytes().value(
                Map.of("t", contiguous(fixture.storage(dtype, 2, bytes), List.of(2)))).end();
        try (var weights = open(ZipBytes.write(false, fixture.entries(pickle, order)))) {
            assertArrayEquals(new float[] {1.5f, -2}, weights.floats("t", 2));
        }
    }

    /** A view with gaps, of one storage with another that begins in its middle, against the formula of a stride. */
    @Test
    void viewsShareAStorageAndAreReadInRowMajorOrder() throws IOException {
        var values = new float[200];
        for (int i = 0; i < values.length; i++) {
            values[i] = i * i;
        }
        Storage storage = fixture.storage(values);
        var view = new PytorchTensor(storage, 7, List.of(2, 1, 5, 3), List.of(60L, 999L, 2L, 20L));
        var middle = new PytorchTensor(storage, 100, List.of(4, 25), List.of(25L, 1L));
        try (var weights = open(fixture.zip(Map.of("view", view, "middle", middle)))) {
            float[] read = weights.floats("view", 2, 1, 5, 3);
            for (int i = 0, at = 0; i < 2; i++) {
                for (int j = 0; j < 5; j++) {
                    for (int k = 0; k < 3; k++) {
                        assertEquals(values[7 + 60 * i + 2 * j + 20 * k], read[at++]);
                    }
                }
            }
            assertArrayEquals(Arrays.copyOfRange(values, 100, 200), weights.floats("middle", 4, 25));
        }
    }

    /** Larger than the chunks in which a file is read. */
    @Test
    void aLargeTensorIsReadToItsEndEitherWayRound() throws IOException {
        var values = new float[700 * 500];
        for (int i = 0; i < values.length; i++) {
            values[i] = i;
        }
        Storage storage = fixture.storage(values);
        var transposed = new PytorchTensor(storage, 0, List.of(500, 700), List.of(1L, 500L));
        try (var weights = open(fixture.legacy(Map.of("a", contiguous(storage, List.of(700, 500)),
                "b", transposed)))) {
            assertArrayEquals(values, weights.floats("a", 700, 500));
            float[] b = weights.floats("b", 500, 700);
            for (int i = 0; i < 500; i++) {
                for (int j = 0; j < 700; j++) {
                    assertEquals(values[500 * j + i], b[700 * i + j]);
                }
            }
        }
    }

    @Test
    void keysOnTheWayToATensorMakeItsName() throws IOException {
        PytorchTensor one = contiguous(fixture.storage(1), List.of(1));
        PytorchTensor two = contiguous(fixture.storage(2), List.of(1));
        var root = new LinkedHashMap<String, Object>();
        root.put("unet", Map.of("conv", Map.of("weight", one)));
        root.put("list", List.of(one));
        root.put("step", 5L);
        root.put("vae.bias", two);
        try (var weights = open(fixture.zip(root))) {
            assertEquals(List.of("unet.conv.weight", "vae.bias"), List.copyOf(weights.names()));
            assertArrayEquals(new float[] {2}, weights.at("vae").floats("bias", 1));
        }
        try (var weights = open(fixture.legacy(Map.of("optimizer", Map.of("x", one), "state_dict", root)))) {
            assertEquals(Set.of("unet.conv.weight", "vae.bias"), weights.names());
        }
        String message = inputError(() -> open(fixture.zip(Map.of("a.b", one, "a", Map.of("b", two)))));
        assertTrue(message.endsWith("expected tensors with different names, found two called a.b"), message);
    }

    /** As Stable Diffusion 1's published checkpoints have it beside their state_dict. */
    @Test
    void whatTrainersWriteBesideTheWeightsIsPassedOver() throws IOException {
        var pickle = new PickleBytes().bytes('}', '(').value("callbacks").bytes('}')
                .global("pytorch_lightning.callbacks.model_checkpoint", "ModelCheckpoint").bytes('}')
                .value("best").global("numpy.core.multiarray", "scalar").bytes('(').global("numpy", "dtype")
                .bytes('(').value("f8").value(0L).value(1L).bytes('t', 'R', '(').value(3L).value("<").bytes('t', 'b')
                .global("_codecs", "encode").value(List.of("\u00ff", "latin1")).bytes('R', 't', 'R', 's', 's')
                .value("state_dict").value(Map.of("w", contiguous(fixture.storage(4), List.of(1)))).bytes('u');
        try (var weights = open(fixture.zip(pickle.end()))) {
            assertArrayEquals(new float[] {4}, weights.floats("w", 1));
        }
    }

    /**
     * A training checkpoint as PyTorch's DiT writes it, with more objects beside the weights: of classes of Python's
     * library, of NumPy and of the trainer's own, and a quantised tensor. src/test/resources/pytorch/make.py wrote it.
     */
    @Test
    void objectsOfAnyClassBesideTheWeightsArePassedOver() {
        try (var weights = PytorchWeights.open(resource("pytorch/training.pt"))) {
            assertArrayEquals(new float[] {0, 1}, weights.floats("model.w", 2));
            assertArrayEquals(new float[] {0, 1, 2}, weights.floats("ema.w", 3));
            assertEquals(DType.C64, weights.dtype("complex"));
            assertTrue(weights.names().stream().noneMatch(name -> name.startsWith("quantised")
                    || name.startsWith("args") || name.startsWith("config")), weights.names().toString());
        }
    }

    /** The globals of NumPy 2, which pickles of NumPy 1 call {@code numpy.core}, as numpy.float64(0) and an array. */
    @Test
    void numpy2IsPassedOver() throws IOException {
        var pickle = new PickleBytes().bytes('}', '(')
                .value("best").global("numpy._core.multiarray", "scalar").bytes('(')
                .global("numpy", "dtype").value(List.of("f8", false, true)).bytes('R').value(List.of(3L, "<"))
                .bytes('b', 'C', 8).text("\0\0\0\0\0\0\0\0").bytes('t', 'R')
                .value("array").global("numpy._core.numeric", "_frombuffer").bytes('(', 0x96).u32(2).u32(0).text("ab")
                .global("numpy", "dtype").value(List.of("u1", false, true)).bytes('R', 't', 'R')
                .value("old").global("numpy._core.multiarray", "_reconstruct").bytes('(').global("numpy", "ndarray")
                .value(List.of(0L)).bytes('C', 1).text("b").bytes('t', 'R').value(List.of(1L, List.of(0L))).bytes('b')
                .value("w").value(contiguous(fixture.storage(4), List.of(1))).bytes('u');
        try (var weights = open(fixture.zip(pickle.end()))) {
            assertEquals(Set.of("w"), weights.names());
        }
    }

    /**
     * As PyTorch since 2.1 writes the types that it has had since then (torch/_tensor.py, {@code _reduce_ex_internal};
     * torch/serialization.py, {@code persistent_id}): an untyped storage, counted in bytes, and the type with the
     * tensor. By their definitions 0x68 is 64 as E4M3 and 2048 as E5M2.
     */
    @ParameterizedTest
    @CsvSource({"float8_e4m3fn, F8_E4M3, 64, -0.125", "float8_e5m2, F8_E5M2, 2048, -0.0078125"})
    void readsFloatsOf8Bits(String type, DType dtype, float first, float second) throws IOException {
        Storage bytes = fixture.storage(DType.U8, 6, new byte[] {0, 0x68, (byte) 0xa0, 0, 0, 0});
        var pickle = new PickleBytes().bytes('}').value("w").global("torch._utils", "_rebuild_tensor_v3")
                .bytes('(', '(').value("storage").global("torch.storage", "UntypedStorage")
                .value(bytes.key()).value("cpu").value(6L)
                .bytes('t', 'Q').value(1L).value(List.of(2L)).value(List.of(1L)).value(false).value(Map.of())
                .global("torch", type).bytes('t', 'R', 's');
        byte[] ended = pickle.end();
        for (byte[] checkpoint : List.of(fixture.zip(ended), fixture.legacy(ended))) {
            try (var weights = open(checkpoint)) {
                assertEquals(dtype, weights.dtype("w"));
                assertArrayEquals(new float[] {first, second}, weights.floats("w", 2));
            }
        }
    }

    @Test
    void messagesGiveTheFileAndTheTensor() throws IOException {
        byte[] longs = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(1).array();
        Path file = Files.write(temp.resolve("m.pt"), fixture.zip(Map.of(
                "ids", contiguous(fixture.storage(DType.I64, 1, longs), List.of(1)),
                "w", contiguous(fixture.storage(1, 2), List.of(2)))));
        PytorchWeights weights = PytorchWeights.open(file);
        assertEquals(file.toString(), weights.source());
        assertEquals(file + ": no tensor x", inputError(() -> weights.shape("x")));
        assertEquals(file + ": no tensor x (expected shape [2])", inputError(() -> weights.floats("x", 2)));
        assertEquals(file + ": tensor w: expected shape [3], found [2]", inputError(() -> weights.floats("w", 3)));
        assertEquals(file + ": tensor ids: expected dtype F64, F32, F16, BF16 or F8, found I64",
                inputError(() -> weights.floats("ids", 1)));
        assertThrows(IllegalArgumentException.class, () -> weights.read("w", FloatBuffer.allocate(1)));
        weights.close();
        assertTrue(inputError(() -> weights.floats("w", 2)).startsWith(file + ": cannot be read"));
        assertEquals(temp.resolve("none") + ": cannot be read (no such file)",
                inputError(() -> PytorchWeights.open(temp.resolve("none"))));
    }

    private PytorchWeights open(byte[] checkpoint) throws IOException {
        return PytorchWeights.open(Files.write(temp.resolve("checkpoint.pt"), checkpoint));
    }

    private static float[] all(Weights weights, String name) {
        return weights.floats(name, weights.shape(name).stream().mapToInt(Integer::intValue).toArray());
    }
}
