package org.diffusionclassifier.checkpoint;

import static org.diffusionclassifier.testing.Fixtures.inputError;
import static org.diffusionclassifier.testing.Fixtures.values;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.diffusionclassifier.checkpoint.ModelSpec.LoraSpec;
import org.diffusionclassifier.convert.Inspection;
import org.diffusionclassifier.pytorch.PytorchFixture;
import org.diffusionclassifier.safetensors.SafetensorsWriter;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.Weights;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files under every name that is used for them, and files that are given for weights and hold none. */
class WeightsFileTest {

    @TempDir
    Path temp;

    @ParameterizedTest
    @ValueSource(strings = {"w.safetensors", "w.sft", "W.SAFETENSORS", "w.ckpt", "w.bin", "w.CKPT", "w"})
    void whatAFileHoldsDecidesNotItsName(String name) throws IOException {
        Path file = temp.resolve(name);
        new SafetensorsWriter().floats("x", DType.F32, List.of(1), new float[] {1.5f}).write(file);
        try (Weights weights = WeightsFile.open(file)) {
            assertArrayEquals(new float[] {1.5f}, weights.floats("x", 1));
        }
        PytorchFixture.scalar(file, "x", 2.5f);
        try (Weights weights = WeightsFile.open(file)) {
            assertArrayEquals(new float[] {2.5f}, weights.floats("x", 1));
        }
    }

    /** The bytes with which each begins are those of its specification, or were written by the JDK's own writer. */
    static Stream<Arguments> foreign() throws IOException {
        var gzip = new ByteArrayOutputStream();
        try (var out = new GZIPOutputStream(gzip)) {
            out.write(new byte[600]);
        }
        byte[] tar = Arrays.copyOf("model/".getBytes(StandardCharsets.US_ASCII), 1024);
        System.arraycopy("ustar".getBytes(StandardCharsets.US_ASCII), 0, tar, 257, 5);
        return Stream.of(
                foreign("a.ckpt", "version https://git-lfs.github.com/spec/v1\noid sha256:3a2b\nsize 1059962\n",
                        "a Git LFS pointer, which stands for the file: run git lfs pull where it lies"),
                foreign("a.safetensors", "\n<!DOCTYPE html>\n<html><head><title>Log in</title>",
                        "a web page: download"),
                foreign("a.safetensors", "\u00ef\u00bb\u00bf<HTML>", "a web page"),
                foreign("a.bin", "<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>", "a web page"),
                foreign("a.safetensors.index.json", "{\"weight_map\": {}}", "an index of shards: give the directory"),
                foreign("model_index.json", "{\n\"_class_name\": \"StableDiffusionPipeline\"}",
                        "JSON: give the directory"),
                foreign("a.gguf", "GGUF\3\0\0\0", "GGUF, whose weights are quantised"),
                foreign("a.onnx", "\10\7\22\7pytorch", "ONNX, a graph"),
                foreign("a.bin", "\10\10\22\7pytorch\32\0062.1.0", "ONNX, a graph"),
                foreign("a.h5", "\u0089HDF\r\n\u001a\n", "HDF5"),
                foreign("a.safetensors", "", "an empty file: download it again"),
                foreign("a.safetensors.incomplete", "\0\0", "a download that has not finished"),
                foreign("a.ckpt.part", "\0\0", "a download that has not finished"),
                Arguments.of("a.ckpt", gzip.toByteArray(), "a compressed or packed archive: unpack it"),
                Arguments.of("a.ckpt", tar, "a compressed or packed archive: unpack it"),
                Arguments.of("a.tar.xz", HexFormat.of().parseHex("fd377a585a00"), "a compressed or packed archive"),
                Arguments.of("a.ckpt", zip(ZipEntry.DEFLATED, "unet/config.json"), "a zip of other files: unpack it"),
                Arguments.of("a.zip", zip(ZipEntry.STORED, "model/"), "a zip of other files: unpack it"),
                Arguments.of("a.zip", zip(ZipEntry.STORED, "model_index.json"), "a zip of other files: unpack it"));
    }

    private static Arguments foreign(String name, String content, String found) {
        return Arguments.of(name, content.getBytes(StandardCharsets.ISO_8859_1), found);
    }

    private static byte[] zip(int method, String name) throws IOException {
        var bytes = new ByteArrayOutputStream();
        try (var zip = new ZipOutputStream(bytes)) {
            var entry = new ZipEntry(name);
            entry.setMethod(method);
            entry.setSize(0);
            entry.setCrc(0);
            zip.putNextEntry(entry);
        }
        return bytes.toByteArray();
    }

    @ParameterizedTest
    @MethodSource("foreign")
    void whatHoldsNoWeightsIsNamedWithWhatToDo(String name, byte[] content, String found) throws IOException {
        Path file = Files.write(temp.resolve(name), content);
        String expected = file + ": expected weights, found " + found;
        for (String message : List.of(inputError(() -> WeightsFile.open(file)), inputError(() -> Opened.of(file)),
                inputError(() -> Inspection.of(file, Opened::layout)))) {
            assertTrue(message.startsWith(expected), message);
        }
    }

    /** In a component, in the folder of an autoencoder, and as a LoRA. */
    @Test
    void aForeignFileIsNamedWhereverItLies() throws IOException {
        Path model = new SmallModel(false).directory(temp.resolve("model"), DType.F16);
        Path vae = model.resolve("vae/diffusion_pytorch_model.safetensors");
        Files.writeString(vae, "version https://git-lfs.github.com/spec/v1\noid sha256:3a2b\nsize 1059962\n");
        String found = vae + ": expected weights, found a Git LFS pointer";
        assertTrue(inputError(() -> Opened.of(model).weights("vae")).startsWith(found));
        assertTrue(inputError(() -> DiffusersDirectory.vae(vae.getParent()).weights()).startsWith(found));
        var lora = ModelSpec.of(model).with(new LoraSpec(vae, 1));
        assertTrue(inputError(() -> Opened.of(lora)).startsWith(found));
    }

    @Test
    void whatIsNeitherFormIsRefused() throws IOException {
        Path file = Files.writeString(temp.resolve("notes.txt"), "hello");
        assertEquals(file + ": expected weights as safetensors or as a PyTorch checkpoint, found neither",
                inputError(() -> WeightsFile.open(file)));
        Path damaged = Files.write(temp.resolve("a.safetensors"), "\377\377\377\377\377\377\377\177{}"
                .getBytes(StandardCharsets.ISO_8859_1));
        assertTrue(inputError(() -> WeightsFile.open(damaged)).contains("expected a header length of"));
    }

    /** By the definition of E4M3 0x68 is 2^6 and 0xa0 is -2^-3; the scale is a half. */
    @Test
    void scalesOf8BitsAreAppliedInEveryFormAndListedByInspect() throws IOException {
        Path file = temp.resolve("scaled.safetensors");
        write(file, "x.weight", "x.scale_weight");
        assertScaled(WeightsFile.open(file));
        Inspection inspection = Inspection.of(file, Opened::layout);
        assertEquals("F32, F8_E4M3", inspection.components().get(0).types());

        Path component = Files.createDirectory(temp.resolve("unet"));
        write(component.resolve("part-1.safetensors"), "x.weight", null);
        write(component.resolve("part-2.safetensors"), null, "x.scale_weight");
        Files.writeString(component.resolve("diffusion_pytorch_model.safetensors.index.json"), """
                {"weight_map": {"x.weight": "part-1.safetensors", "x.scale_weight": "part-2.safetensors"}}""");
        assertScaled(new WeightsVariants(component, "diffusion_pytorch_model", "diffusion_pytorch_model").choose(null)
                .open());
    }

    private static void write(Path file, String weight, String scale) {
        var writer = new SafetensorsWriter();
        if (weight != null) {
            writer.tensor(weight, DType.F8_E4M3, List.of(2),
                    sink -> sink.put(ByteBuffer.wrap(new byte[] {0x68, (byte) 0xa0})));
        }
        if (scale != null) {
            writer.floats(scale, DType.F32, List.of(), new float[] {0.5f});
        }
        writer.write(file);
    }

    private static void assertScaled(Weights weights) {
        try (weights) {
            assertEquals(Set.of("x.weight"), weights.names());
            assertArrayEquals(new float[] {32, -0.0625f}, values(weights, "x.weight"));
        }
    }
}
