package org.diffusionclassifier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.diffusionclassifier.model.BundledModel;
import org.diffusionclassifier.safetensors.SafetensorsWriter;
import org.diffusionclassifier.tensor.DType;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every wrong input ends in one line that says what is wrong, exit code 2, and nothing written. */
class BadInputTest {

    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private Path folder;
    private Path picture;

    @BeforeEach
    void copyAPicture() throws IOException {
        picture = folder.resolve("bag.png");
        try (var bundled = BundledModel.open()) {
            Files.copy(bundled.images().resolve("bag-0.png"), picture);
        }
    }

    // The model.

    @Test
    void truncatedSafetensors() throws IOException {
        Path model = copyModel();
        Path weights = unetWeights(model);
        byte[] bytes = Files.readAllBytes(weights);
        Files.write(weights, Arrays.copyOf(bytes, bytes.length - 1000));
        classify(model).refused(weights.toString(), "bytes");
    }

    @Test
    void emptySafetensors() throws IOException {
        Path model = copyModel();
        Files.write(unetWeights(model), new byte[0]);
        classify(model).refused(unetWeights(model).toString());
    }

    @Test
    void headerLengthOf2To60() throws IOException {
        Path model = copyModel();
        byte[] bytes = Files.readAllBytes(unetWeights(model));
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putLong(0, 1L << 60);
        Files.write(unetWeights(model), bytes);
        classify(model).refused(unetWeights(model).toString(), "header", String.valueOf(1L << 60));
    }

    @Test
    void overlappingOffsets() throws IOException {
        Path model = copyModel();
        changeHeader(unetWeights(model), header -> {
            ObjectNode bias = (ObjectNode) header.get("conv_in.bias");
            bias.putArray("data_offsets").add(64).add(64 + 128);
            return header;
        });
        classify(model).refused(unetWeights(model).toString());
    }

    @Test
    void missingTensor() throws IOException {
        Path model = copyModel();
        changeHeader(unetWeights(model), header -> {
            header.set("conv_in.bias_", header.remove("conv_in.bias"));
            return header;
        });
        classify(model).refused(unetWeights(model).toString(), "no tensor conv_in.bias", "[64]");
    }

    @Test
    void tensorOfTheWrongShape() throws IOException {
        Path model = copyModel();
        changeHeader(unetWeights(model), header -> {
            ((ObjectNode) header.get("conv_in.bias")).putArray("shape").add(32).add(2);
            return header;
        });
        classify(model).refused(unetWeights(model).toString(), "conv_in.bias", "[64]", "[32, 2]");
    }

    @Test
    void unknownBlock() throws IOException {
        Path model = copyModel();
        Path config = model.resolve("unet/config.json");
        Files.writeString(config, Files.readString(config).replace("\"DownBlock2D\"", "\"ResnetDownsampleBlock2D\""));
        classify(model).refused(config.toString(), "down_block_types", "ResnetDownsampleBlock2D");
    }

    @ParameterizedTest
    @CsvSource({"unet", "vae", "text_encoder", "tokenizer", "scheduler"})
    void missingPart(String part) throws IOException {
        Path model = copyModel();
        Files.move(model.resolve(part), folder.resolve("elsewhere"));
        classify(model).refused(model.toString(), part);
    }

    @Test
    void notAModel() {
        classify(folder.resolve("nothing")).refused("nothing");
        classify(picture).refused("bag.png");
        classify(folder).refused("model_index.json");
    }

    // Images, prompts, noise.

    @Test
    void imageThatIsATextFile() throws IOException {
        Path text = Files.writeString(folder.resolve("cat.png"), "a cat");
        CommandLineRun.of("classify", picture, text).refused(text.toString(), "not an image");
    }

    @Test
    void noImage() {
        CommandLineRun.of("classify").refused("IMAGE");
    }

    @Test
    void imageThatIsNotThere() {
        CommandLineRun.of("classify", folder.resolve("gone.png")).refused("gone.png");
    }

    @Test
    void promptsWithoutTheColumn() throws IOException {
        Path prompts = Files.writeString(folder.resolve("p.csv"), "caption,classname,classidx\na cat,cat,0\n");
        CommandLineRun.of("classify", picture, "--prompts", prompts).refused(prompts.toString(), "prompt");
    }

    @Test
    void promptsAndClassesAtOnce() throws IOException {
        Path prompts = Files.writeString(folder.resolve("p.csv"), "prompt,classname,classidx\na cat,cat,0\n");
        CommandLineRun.of("classify", picture, "--prompts", prompts, "--classes", "cat").refused("--prompts", "--classes");
    }

    @Test
    void noClassesForAForeignModel() throws IOException {
        CommandLineRun.of("classify", picture, "--model", copyModel()).refused("--prompts", "--classes");
    }

    @Test
    void noiseOfTheWrongShape() {
        Path noise = folder.resolve("noise.safetensors");
        new SafetensorsWriter().floats("noise", DType.F32, List.of(2, 4, 8, 8), new float[2 * 4 * 8 * 8]).write(noise);
        CommandLineRun.of("classify", picture, "--n-samples", "2", "--to-keep", "1", "--noise", noise)
                .refused(noise.toString(), "[2 or more, 4, 16, 16]", "[2, 4, 8, 8]");
    }

    @Test
    void tooLittleNoise() {
        Path noise = folder.resolve("noise.safetensors");
        new SafetensorsWriter().floats("noise", DType.F32, List.of(2, 4, 16, 16), new float[2 * 4 * 256]).write(noise);
        CommandLineRun.of("classify", picture, "--n-samples", "3", "--to-keep", "1", "--noise", noise)
                .refused(noise.toString(), "[3 or more, 4, 16, 16]");
    }

    // Numbers.

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "5,50 | 5,2,1 | --to-keep: expected as many numbers as --n-samples has, 2, found 3",
        "5,50 | 5,2   | --to-keep: expected 1 as the last number, found 2",
        "5,50 | 11,1  | --to-keep: expected at most the 10 prompts, found 11",
        "5,50 | 0,1   | --to-keep: expected at least 1, found 0",
        "5,50,60 | 2,3,1 | --to-keep: expected at most the 2 kept before, found 3",
        "50,5 | 5,1   | --n-samples: expected ascending numbers from 1 on, found 5 after 50",
        "0,5  | 5,1   | --n-samples: expected ascending numbers from 1 on, found 0",
        "5,1001 | 5,1 | --n-samples 1001: expected at most the 1000 timesteps 0..999",
        "5,x  | 5,1   | --n-samples",
        "5,50 | 5,    | --to-keep",
    })
    void stagesThatDoNotFit(String nSamples, String toKeep, String message) {
        CommandLineRun.of("classify", picture, "--n-samples", nSamples, "--to-keep", toKeep).refused(message);
    }

    @ParameterizedTest
    @CsvSource({"--batch-size,0", "--batch-size,-3", "--n-trials,0", "--top,0", "--loss,l3", "--dtype,f64",
        "--device,tpu", "--kernels,ours", "--preset,cifar11", "--seed,one", "--no-such-option,1"})
    void optionsThatMeanNothing(String option, String value) {
        CommandLineRun.of("classify", picture, option, value).refused(option);
    }

    @ParameterizedTest
    @CsvSource({"cuda,f32", "simt,f32", "cpu,f16"})
    void typesThatTheDeviceDoesNotComputeIn(String device, String dtype) {
        CommandLineRun.of("classify", picture, "--device", device, "--dtype", dtype).refused("--dtype " + dtype);
    }

    @Test
    void vendorKernelsOnTheCpu() {
        CommandLineRun.of("classify", picture, "--device", "cpu", "--kernels", "vendor")
                .refused("--kernels vendor", "CPU");
    }

    @Test
    void weightsBudgets() {
        CommandLineRun.of("classify", picture, "--weights-budget", "much").refused("--weights-budget", "'much'");
        CommandLineRun.of("classify", picture, "--weights-budget", "1MiB")
                .refused("--weights-budget: expected at least", "found 1048576 bytes");
        CommandLineRun.of("classify", picture, "--weights-budget", "1GiB", "--kernels", "vendor", "--device", "simt")
                .refused("--weights-budget", "vendor");
    }

    @ParameterizedTest
    @CsvSource({"--batch-size,0", "--blocks,-1", "--model,no-such-model", "--device,cpu"})
    void kernelsOfNothing(String option, String value) {
        CommandLineRun.of("kernels", "--model", "demo", option, value).refused(value);
    }

    @Test
    void unknownCommand() {
        CommandLineRun.of("clasify", picture).refused("clasify");
    }

    // Outputs.

    @Test
    void unwritableJson() {
        Path json = folder.resolve("no-such-folder/out.json");
        CommandLineRun.of("classify", picture, "--json", json).refused(json.toString());
        CommandLineRun.of("classify", picture, "--json", folder).refused(folder.toString());
    }

    @Test
    void unwritableRun() {
        evaluate("csv:" + labels(), picture).refused(picture.toString());
    }

    @ParameterizedTest
    @CsvSource({"idx:/no/such/folder", "mnist:x", "idx", "csv:nowhere.csv"})
    void datasetsThatAreNone(String dataset) {
        evaluate(dataset, folder.resolve("run")).refused(dataset.substring(dataset.indexOf(':') + 1));
        assertFalse(Files.exists(folder.resolve("run")));
    }

    @ParameterizedTest
    @CsvSource({"0/2", "3/2", "2", "a/b", "2/0"})
    void shardsThatAreNone(String shard) {
        CommandLineRun.of("evaluate", "--dataset", "csv:" + labels(), "--out", folder.resolve("run"), "--shard", shard)
                .refused("--shard", shard);
    }

    @Test
    void aFailedRunLeavesNothingBehind() throws IOException {
        CommandLineRun.of("classify", picture, "--json", folder.resolve("out.json"), "--n-samples", "5,2000");
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(List.of(picture), files.toList());
        }
    }

    private CommandLineRun classify(Path model) {
        return CommandLineRun.of("classify", picture, "--model", model, "--classes", "bag,coat");
    }

    private CommandLineRun evaluate(String dataset, Path out) {
        return CommandLineRun.of("evaluate", "--dataset", dataset, "--out", out);
    }

    private Path labels() {
        try {
            return Files.writeString(folder.resolve("labels.csv"), "file,classidx\nbag.png,8\n");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path unetWeights(Path model) {
        return model.resolve("unet/diffusion_pytorch_model.safetensors");
    }

    private Path copyModel() throws IOException {
        Path copy = folder.resolve("model");
        try (var bundled = BundledModel.open()) {
            for (String part : List.of("unet", "vae", "text_encoder", "tokenizer", "scheduler")) {
                Files.createDirectories(copy.resolve(part));
                try (Stream<Path> files = Files.list(bundled.root().resolve(part))) {
                    for (Path file : files.toList()) {
                        Files.copy(file, copy.resolve(part).resolve(file.getFileName().toString()));
                    }
                }
            }
            Files.copy(bundled.root().resolve("model_index.json"), copy.resolve("model_index.json"));
        }
        return copy;
    }

    /** Writes the file anew with another header and the same data. */
    private static void changeHeader(Path file, UnaryOperator<ObjectNode> change) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        int length = Math.toIntExact(bytes.getLong());
        var header = (ObjectNode) JSON.readTree(new String(bytes.array(), 8, length, StandardCharsets.UTF_8));
        byte[] changed = JSON.writeValueAsBytes(change.apply(header));
        ByteBuffer result = ByteBuffer.allocate(8 + changed.length + bytes.capacity() - 8 - length)
                .order(ByteOrder.LITTLE_ENDIAN).putLong(changed.length).put(changed);
        result.put(bytes.array(), 8 + length, bytes.capacity() - 8 - length);
        Files.write(file, result.array());
    }
}
