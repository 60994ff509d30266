package org.diffusionclassifier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.diffusionclassifier.model.BundledModel;
import org.diffusionclassifier.safetensors.SafetensorsFile;
import org.diffusionclassifier.safetensors.SafetensorsWriter;
import org.diffusionclassifier.tensor.DType;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code convert} and {@code inspect}, on the bundled model. */
class ConvertTest {

    private static final String QUERIES = "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q";

    @TempDir
    private Path folder;
    private Path model;
    private Path picture;

    @BeforeEach
    void copyModel() throws IOException {
        model = folder.resolve("model");
        picture = folder.resolve("bag.png");
        try (var bundled = BundledModel.open()) {
            Files.copy(bundled.images().resolve("bag-0.png"), picture);
            try (Stream<Path> paths = Files.walk(bundled.root())) {
                for (Path path : paths.toList()) {
                    Files.copy(path, model.resolve(bundled.root().relativize(path).toString()));
                }
            }
        }
    }

    @Test
    void aConvertedModelGivesTheErrorsOfItsSource() throws IOException {
        Path file = folder.resolve("model.safetensors");
        String out = CommandLineRun.of("convert", model, "--out", file, "--verify").succeeded().out();
        assertTrue(out.contains("sha256 of model: ") && out.contains(" parameters in "), out);
        assertEquals(classify(model), classify(file));
    }

    @Test
    void aLoraCountsTheSameWhenReadAndWhenConverted() throws IOException {
        Path lora = folder.resolve("lora.safetensors");
        int width;
        try (var unet = SafetensorsFile.open(model.resolve("unet/diffusion_pytorch_model.safetensors"))) {
            width = unet.shape(QUERIES.substring("unet.".length()) + ".weight").get(0);
        }
        var ones = FloatBuffer.allocate(width);
        while (ones.hasRemaining()) {
            ones.put(0.25f);
        }
        new SafetensorsWriter().floats(QUERIES + ".lora_A.weight", DType.F32, List.of(1, width), ones.array())
                .floats(QUERIES + ".lora_B.weight", DType.F32, List.of(width, 1), ones.array()).write(lora);
        Path file = folder.resolve("model.safetensors");
        CommandLineRun.of("convert", model, "--out", file, "--dtype", "f32", "--lora", lora + ":0.5").succeeded();
        String expected = classify(model, "--lora", lora + ":0.5");
        assertEquals(expected, classify(file));
        assertNotEquals(expected, classify(model));
        assertTrue(CommandLineRun.of("inspect", lora).succeeded().out().contains("a LoRA"));

        for (String bad : List.of(lora + ":x", lora + ":NaN")) {
            CommandLineRun.of("classify", picture, "--lora", bad).refused("--lora", bad);
        }
        CommandLineRun.of("classify", picture, "--lora", folder.resolve("none")).refused("none", "no such file");
    }

    private String classify(Path path, Object... more) throws IOException {
        Path json = folder.resolve("out.json");
        CommandLineRun.of(Stream.concat(Stream.of("classify", picture, "--model", path, "--classes", "bag,coat",
                "--n-samples", "2", "--to-keep", "1", "--device", "cpu", "--dtype", "f32", "--json", json),
                Stream.of(more)).toArray()).succeeded();
        return Files.readString(json);
    }

    @Test
    void badConversionsAreRefused() throws IOException {
        Path file = folder.resolve("out.safetensors");
        CommandLineRun.of("convert", "--out", file).refused("SOURCE or --random", "neither");
        CommandLineRun.of("convert", model, "--random", "sd-1.5", "--out", file).refused("SOURCE or --random", "both");
        CommandLineRun.of("convert", model).refused("--out");
        CommandLineRun.of("convert", "--random", "sd-9", "--out", file).refused("sd-2-base", "sd-9");
        CommandLineRun.of("convert", model, "--out", file, "--dtype", "f64").refused("--dtype", "f64");
        CommandLineRun.of("convert", model, "--out", folder.resolve("none/x")).refused("none");
        CommandLineRun.of("convert", model, "--out", model).refused(model.toString());
        CommandLineRun.of("convert", model, "--out", file, "--image-size", "64")
                .refused("--image-size", "original naming");
        CommandLineRun.of("convert", folder.resolve("nowhere"), "--out", file).refused("nowhere");
        CommandLineRun.of("convert", picture, "--out", file).refused(picture.toString(), "PyTorch");
        CommandLineRun.of("convert", picture, "--out", file, "--tokenizer", model.resolve("tokenizer"))
                .refused(picture.toString(), "PyTorch");
        Files.move(model.resolve("vae"), folder.resolve("vae"));
        CommandLineRun.of("convert", model, "--out", file).refused(model.toString(), "vae");
        assertFalse(Files.exists(file));
    }

    @Test
    void aModelFileThatIsDamagedIsRefused() throws IOException {
        Path file = folder.resolve("model.safetensors");
        CommandLineRun.of("convert", model, "--out", file).succeeded();
        byte[] bytes = Files.readAllBytes(file);
        Files.write(file, Arrays.copyOf(bytes, bytes.length - 1));
        CommandLineRun.of("classify", picture, "--model", file, "--classes", "a,b")
                .refused(file.toString(), "truncated?");
        String text = new String(bytes, StandardCharsets.ISO_8859_1);
        Files.writeString(file, text.replace("format\\\":1", "format\\\":2"),
                StandardCharsets.ISO_8859_1);
        CommandLineRun.of("classify", picture, "--model", file, "--classes", "a,b")
                .refused(file.toString(), "format = 2");
    }

    @Test
    void inspectSaysWhatThereIs() throws IOException {
        Path json = folder.resolve("out.json");
        String out = CommandLineRun.of("inspect", model, "--tensors", "--json", json).succeeded().out();
        assertTrue(out.contains("a model in diffusers' form") && out.contains("\"UNet2DConditionModel\"")
                && out.contains("F16 [64, 4, 3, 3] conv_in.weight"), out);
        var read = new ObjectMapper().readTree(json.toFile());
        assertEquals("DIFFUSERS_DIRECTORY", read.get("kind").textValue());
        assertEquals(4809188, read.get("components").get(2).get("parameters").intValue());
        CommandLineRun.of("inspect", picture).refused(picture.toString(), "PyTorch");
        CommandLineRun.of("inspect", folder.resolve("none")).refused("none", "no such file");
        CommandLineRun.of("inspect", folder).refused("model_index.json");
    }
}
