package org.diffusionclassifier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.diffusionclassifier.model.BundledModel;
import org.diffusionclassifier.safetensors.SafetensorsFile;
import org.diffusionclassifier.safetensors.SafetensorsWriter;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.pytorch.PytorchFixture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Classifying with one file in the original naming. The bundled model, made one of Stable Diffusion 1's form by 8
 * heads, 1×1 convolutions and the like, gives the same errors as a directory and as a file.
 */
class SingleFileModelTest {

    private static final String UNET = "unet/diffusion_pytorch_model.safetensors";
    private static final Pattern PROJECTION = Pattern.compile(".*\\.attentions\\.\\d\\.proj_(in|out)\\.weight");
    private static final Pattern LEVEL = Pattern.compile("(down|up)_blocks\\.(\\d)\\.(\\w+)\\.(\\d)\\.(.*)");

    @TempDir
    private Path folder;
    private Path directory;
    private Path picture;

    @BeforeEach
    void copyModel() throws IOException {
        directory = folder.resolve("model");
        picture = folder.resolve("bag.png");
        try (var bundled = BundledModel.open()) {
            Files.copy(bundled.images().resolve("bag-0.png"), picture);
            for (String part : List.of("unet", "vae", "text_encoder", "tokenizer", "scheduler")) {
                Files.createDirectories(directory.resolve(part));
                try (Stream<Path> files = Files.list(bundled.root().resolve(part))) {
                    for (Path file : files.toList()) {
                        Files.copy(file, directory.resolve(part).resolve(file.getFileName().toString()));
                    }
                }
            }
            Files.copy(bundled.root().resolve("model_index.json"), directory.resolve("model_index.json"));
        }
        edit("unet/config.json", text -> text
                .replaceAll("(?s)\"attention_head_dim\": \\[.*?\\]", "\"attention_head_dim\": 8")
                .replace("\"use_linear_projection\": true", "\"use_linear_projection\": false"));
        edit("vae/config.json", text -> text.replace("\"norm_num_groups\": 8", "\"norm_num_groups\": 32")
                .replaceAll("\"scaling_factor\": [0-9.]+", "\"scaling_factor\": 0.18215"));
        edit("text_encoder/config.json", text -> text
                .replace("\"num_attention_heads\": 4", "\"num_attention_heads\": 2"));
        Path unet = Files.move(directory.resolve(UNET), folder.resolve("unet"));
        try (var file = SafetensorsFile.open(unet)) {
            var writer = new SafetensorsWriter();
            for (String name : file.tensors().keySet()) {
                put(writer, file, name, name, PROJECTION.matcher(name).matches());
            }
            writer.write(directory.resolve(UNET));
        }
    }

    @Test
    void aFileGivesTheErrorsOfTheDirectory() throws IOException {
        Path file = original();
        CommandLineRun.of(classify(directory, "a.json")).succeeded();
        CommandLineRun.of(classify(file, "b.json", "--tokenizer", tokenizer(), "--image-size", "32")).succeeded();
        assertEquals(Files.readString(folder.resolve("a.json")), Files.readString(folder.resolve("b.json")));
    }

    @Test
    void pickledFilesGiveTheErrorsOfTheDirectory() throws IOException {
        CommandLineRun.of(classify(directory, "a.json")).succeeded();
        String expected = Files.readString(folder.resolve("a.json"));
        Path ckpt = folder.resolve("model.ckpt");
        try (var file = SafetensorsFile.open(original())) {
            PytorchFixture.write(file, ckpt);
        }
        CommandLineRun.of(classify(ckpt, "b.json", "--tokenizer", tokenizer(), "--image-size", "32")).succeeded();
        assertEquals(expected, Files.readString(folder.resolve("b.json")));

        pickle("unet/diffusion_pytorch_model.safetensors", "unet/diffusion_pytorch_model.bin");
        pickle("vae/diffusion_pytorch_model.safetensors", "vae/diffusion_pytorch_model.bin");
        pickle("text_encoder/model.safetensors", "text_encoder/pytorch_model.bin");
        CommandLineRun.of(classify(directory, "c.json")).succeeded();
        assertEquals(expected, Files.readString(folder.resolve("c.json")));

        Path converted = folder.resolve("converted.safetensors");
        CommandLineRun.of("convert", ckpt, "--out", converted, "--dtype", "f32", "--verify", "--tokenizer", tokenizer(),
                "--image-size", "32").succeeded();
        CommandLineRun.of(classify(converted, "d.json")).succeeded();
        assertEquals(expected, Files.readString(folder.resolve("d.json")));
        CommandLineRun.of(classify(converted, "d.json", "--image-size", "64"))
                .refused("--image-size", "original naming");
    }

    /** The scheduler's file of the directory says it in diffusers' words. */
    @Test
    void aFileIsReadAsItSaysThatItPredicts() throws IOException {
        String v = errorsOfDirectory("\"prediction_type\": \"v_prediction\"");
        Consumer<SafetensorsWriter> mark = writer -> writer.floats("v_pred", DType.F32, List.of(0), new float[0]);
        assertErrors(v, original(mark), "the UNet predicts v, by the tensor v_pred");
        assertErrors(v, original(writer -> writer.metadata("modelspec.prediction_type", "v")),
                "the UNet predicts v, by modelspec.prediction_type = v");
        assertErrors(v, original(writer -> writer.metadata("modelspec.architecture", "stable-diffusion-v2-768-v")),
                "the UNet predicts v, by modelspec.architecture = stable-diffusion-v2-768-v");
        assertErrors(v, original(), null, "--predicts", "v");

        Path ckpt = folder.resolve("model.ckpt");
        try (var file = SafetensorsFile.open(original(mark))) {
            PytorchFixture.write(file, ckpt);
        }
        assertErrors(v, ckpt, "the UNet predicts v, by the tensor v_pred");

        String zeroSnr = errorsOfDirectory("\"prediction_type\": \"v_prediction\", \"rescale_betas_zero_snr\": true");
        assertErrors(zeroSnr, original(mark.andThen(writer ->
                        writer.floats("ztsnr", DType.F32, List.of(0), new float[0]))),
                "the schedule is of zero terminal SNR, by the tensor ztsnr");
        assertNotEquals(v, zeroSnr);

        String epsilon = errorsOfDirectory("\"prediction_type\": \"epsilon\"");
        assertErrors(epsilon, original(writer -> writer.metadata("modelspec.prediction_type", "epsilon")), null);
        assertErrors(epsilon, original(mark),
                "taken to predict epsilon, as asked for, and not v_prediction, as it says", "--predicts", "epsilon");
        assertErrors(epsilon, original(writer -> writer.metadata("modelspec.prediction_type", "of tomorrow")),
                "nothing in the file says whether its UNet predicts epsilon or v; taken for epsilon");
    }

    @Test
    void predictsGoesBeforeWhatADirectoryOrAConvertedFileSays() throws IOException {
        String v = errorsOfDirectory("\"prediction_type\": \"v_prediction\"");
        errorsOfDirectory("\"prediction_type\": \"epsilon\"");
        String note = "taken to predict v_prediction, as asked for, and not epsilon, as it says";
        Path converted = folder.resolve("converted.safetensors");
        CommandLineRun.of("convert", directory, "--out", converted, "--dtype", "f32").succeeded();
        for (Path model : List.of(directory, converted)) {
            var run = CommandLineRun.of(classify(model, "v.json", "--predicts", "v")).succeeded();
            assertEquals("diffusion-classifier: note: " + model + ": " + note, run.err().strip());
            assertEquals(v, Files.readString(folder.resolve("v.json")));
            assertEquals("", CommandLineRun.of(classify(model, "e.json", "--predicts", "epsilon")).succeeded().err());
        }
        CommandLineRun.of("convert", directory, "--out", converted, "--dtype", "f32", "--predicts", "v").succeeded();
        CommandLineRun.of(classify(converted, "c.json")).succeeded();
        assertEquals(v, Files.readString(folder.resolve("c.json")));
    }

    /**
     * A UNet that puts out zeros is the best that a linear v-predictor can be where latents vary as much as noise does,
     * and the worst ε-predictor: its ε̂ = 0 errs by ε² = 1 on average.
     */
    @Test
    void theFirstPictureShowsAWrongGuess() throws IOException {
        String doubt = "does it predict v?";
        assertFalse(CommandLineRun.of(classifyFile(original())).succeeded().err().contains(doubt));
        for (String tensor : List.of("weight", "bias")) {
            zero(UNET, "conv_out." + tensor);
        }
        String warning = CommandLineRun.of(classifyFile(original())).succeeded().err();
        assertEquals(1, warning.lines().filter(line -> line.contains(doubt)).count(), warning);
        assertFalse(CommandLineRun.of(classifyFile(original(), "--predicts", "epsilon")).succeeded().err()
                .contains(doubt));
    }

    private Object[] classifyFile(Path file, Object... more) {
        var words = new ArrayList<Object>(List.of("--tokenizer", tokenizer(), "--image-size", "32"));
        words.addAll(List.of(more));
        return classify(file, "file.json", words.toArray());
    }

    private void assertErrors(String expected, Path file, String note, Object... more) throws IOException {
        String err = CommandLineRun.of(classifyFile(file, more)).succeeded().err();
        assertEquals(expected, Files.readString(folder.resolve("file.json")), String.valueOf(note));
        assertTrue(note == null ? err.isEmpty() : err.contains("note: " + file + ": " + note), err);
    }

    /** Those of the directory with something else in its scheduler's file. */
    private String errorsOfDirectory(String settings) throws IOException {
        edit("scheduler/scheduler_config.json", text -> text.replaceAll("\"rescale_betas_zero_snr\": \\w+,", "")
                .replaceAll("(?s)\"prediction_type\": \"\\w+\"(, \"rescale_betas_zero_snr\": true)?", settings));
        CommandLineRun.of(classify(directory, "directory.json")).succeeded();
        return Files.readString(folder.resolve("directory.json"));
    }

    private void zero(String file, String tensor) throws IOException {
        Path path = directory.resolve(file);
        Path before = Files.move(path, folder.resolve("before"), StandardCopyOption.REPLACE_EXISTING);
        try (var from = SafetensorsFile.open(before)) {
            var writer = new SafetensorsWriter();
            for (String name : from.tensors().keySet()) {
                if (name.equals(tensor)) {
                    var shape = from.tensors().get(name).shape();
                    writer.floats(name, DType.F32, shape, new float[(int) from.tensors().get(name).elements()]);
                } else {
                    put(writer, from, name, name, false);
                }
            }
            writer.write(path);
        }
    }

    private void pickle(String from, String to) throws IOException {
        try (var file = SafetensorsFile.open(directory.resolve(from))) {
            PytorchFixture.write(file, directory.resolve(to));
        }
        Files.delete(directory.resolve(from));
    }

    @Test
    void optionsThatDoNotGoWithTheModelAreRefused() throws IOException {
        Path file = original();
        CommandLineRun.of(classify(file, "out.json")).refused("--tokenizer", file.toString());
        CommandLineRun.of(classify(directory, "out.json", "--image-size", "64")).refused("--image-size", "one file");
        CommandLineRun.of("classify", picture, "--ema").refused("--ema", "one file");
        CommandLineRun.of(classify(file, "out.json", "--tokenizer", tokenizer(), "--image-size", "33"))
                .refused(file.toString(), "multiple of 8", "33");
        CommandLineRun.of(classify(file, "out.json", "--tokenizer", folder.resolve("none"))).refused("none");
        CommandLineRun.of(classify(file, "out.json", "--tokenizer", tokenizer(), "--ema"))
                .refused(file.toString(), "model_ema");
        CommandLineRun.of(classify(directory.resolve(UNET), "out.json", "--tokenizer", tokenizer()))
                .refused(UNET, "diffusers");
    }

    @Test
    void aTokenizerOfMoreTokensThanTheModelIsRefused() throws IOException {
        edit("tokenizer/vocab.json", text -> text.substring(0, text.lastIndexOf('}')) + ", \"more\": 645}");
        CommandLineRun.of(classify(original(), "out.json", "--tokenizer", tokenizer(), "--image-size", "32")).refused(
                "tokenizer", "at most 645 tokens", "found 646");
    }

    private Object[] classify(Path model, String json, Object... more) {
        var words = new ArrayList<Object>(List.of("classify", picture, "--model", model, "--classes", "bag,coat",
                "--n-samples", "2", "--to-keep", "1", "--device", "cpu", "--dtype", "f32", "--json",
                folder.resolve(json)));
        words.addAll(List.of(more));
        return words.toArray();
    }

    private Path tokenizer() {
        return directory.resolve("tokenizer");
    }

    private void edit(String file, UnaryOperator<String> change) throws IOException {
        Path path = directory.resolve(file);
        Files.writeString(path, change.apply(Files.readString(path)));
    }

    /** The directory as one file. */
    private Path original() {
        return original(writer -> { });
    }

    /** @param more is written besides */
    private Path original(Consumer<SafetensorsWriter> more) {
        Path file = folder.resolve("model.safetensors");
        try (var unet = SafetensorsFile.open(directory.resolve(UNET));
                var vae = SafetensorsFile.open(directory.resolve("vae/diffusion_pytorch_model.safetensors"));
                var text = SafetensorsFile.open(directory.resolve("text_encoder/model.safetensors"))) {
            var writer = new SafetensorsWriter();
            for (String name : unet.tensors().keySet()) {
                put(writer, unet, name, "model.diffusion_model." + unetName(name), false);
            }
            for (String name : vae.tensors().keySet()) {
                if (!name.startsWith("decoder.")) {
                    put(writer, vae, name, "first_stage_model." + vaeName(name), false);
                }
            }
            for (String name : text.tensors().keySet()) {
                put(writer, text, name, "cond_stage_model.transformer.text_model." + name, false);
            }
            more.accept(writer);
            writer.write(file);
        }
        return file;
    }

    /** @param asConvolution whether it is a matrix to write as a 1×1 convolution */
    private static void put(SafetensorsWriter writer, SafetensorsFile from, String name, String to,
            boolean asConvolution) {
        var tensor = from.tensors().get(name);
        var values = FloatBuffer.allocate((int) tensor.elements());
        from.read(name, values);
        var shape = new ArrayList<>(tensor.shape());
        if (asConvolution) {
            shape.addAll(List.of(1, 1));
        }
        writer.floats(to, DType.F32, shape, values.array());
    }

    /** For levels of one layer: a level takes two blocks, on the way down the second being its downsampler. */
    private static String unetName(String name) {
        var block = LEVEL.matcher(name);
        if (!block.matches()) {
            return resnetName(name.replace("mid_block.resnets.0", "middle_block.0")
                    .replace("mid_block.attentions.0", "middle_block.1")
                    .replace("mid_block.resnets.1", "middle_block.2")
                    .replace("time_embedding.linear_1", "time_embed.0")
                    .replace("time_embedding.linear_2", "time_embed.2")
                    .replace("conv_in.", "input_blocks.0.0.").replace("conv_norm_out.", "out.0.")
                    .replace("conv_out.", "out.2."));
        }
        int level = Integer.parseInt(block.group(2));
        int layer = Integer.parseInt(block.group(4));
        boolean down = block.group(1).equals("down");
        return (down ? "input_blocks." : "output_blocks.") + switch (block.group(3)) {
            case "resnets" -> 2 * level + layer + (down ? 1 : 0) + ".0." + resnetName(block.group(5));
            case "attentions" -> 2 * level + layer + (down ? 1 : 0) + ".1." + block.group(5);
            case "downsamplers" -> 2 * level + 2 + ".0." + block.group(5).replace("conv", "op");
            default -> 2 * level + 1 + (level == 0 ? ".1." : ".2.") + block.group(5);
        };
    }

    private static String resnetName(String name) {
        return name.contains("transformer_blocks") ? name
                : name.replace("norm1.", "in_layers.0.").replace("conv1.", "in_layers.2.")
                .replace("time_emb_proj.", "emb_layers.1.").replace("norm2.", "out_layers.0.")
                .replace("conv2.", "out_layers.3.").replace("conv_shortcut.", "skip_connection.");
    }

    private static String vaeName(String name) {
        return name.replace("down_blocks.", "down.").replace("mid_block.attentions.0.", "mid.attn_1.")
                .replace("mid_block.resnets.0", "mid.block_1").replace("mid_block.resnets.1", "mid.block_2")
                .replace(".resnets.", ".block.").replace("downsamplers.0", "downsample")
                .replace("group_norm", "norm").replace("to_out.0", "proj_out").replace("attn_1.to_", "attn_1.")
                .replace("conv_shortcut", "nin_shortcut").replace("conv_norm_out", "norm_out");
    }
}
