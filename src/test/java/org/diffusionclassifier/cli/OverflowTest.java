package org.diffusionclassifier.cli;

import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.diffusionclassifier.model.BundledModel;
import org.diffusionclassifier.tensor.FloatFormats;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The bundled model with a layer whose outputs are about 10⁷: beyond fp16's 65504, and within bf16's range. A group norm
 * behind it makes them small again.
 */
@Tag("cuda")
class OverflowTest {

    private static final String LAYER = "down_blocks.0.resnets.0.conv1";

    @TempDir
    private Path folder;
    private Path picture;
    private Path model;

    @BeforeEach
    void copyModel() throws IOException {
        try (var bundled = BundledModel.open()) {
            picture = Files.copy(bundled.images().resolve("bag-0.png"), folder.resolve("bag-0.png"));
            model = folder.resolve("model");
            for (String part : List.of("", "unet", "vae", "text_encoder", "tokenizer", "scheduler")) {
                Files.createDirectories(model.resolve(part));
                try (Stream<Path> files = Files.list(bundled.root().resolve(part))) {
                    for (Path file : files.filter(Files::isRegularFile).toList()) {
                        Files.copy(file, model.resolve(part).resolve(file.getFileName().toString()));
                    }
                }
            }
        }
        fill(model.resolve("unet/diffusion_pytorch_model.safetensors"), LAYER + ".weight", 30000);
    }

    /** Sets all numbers of a tensor of fp16. */
    private static void fill(Path safetensors, String tensor, float value) throws IOException {
        try (var file = FileChannel.open(safetensors, READ, WRITE)) {
            var size = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            file.read(size, 0);
            var header = ByteBuffer.allocate((int) size.getLong(0));
            file.read(header, Long.BYTES);
            JsonNode offsets = new ObjectMapper().readTree(header.array()).get(tensor).get("data_offsets");
            var numbers = ByteBuffer.allocate(offsets.get(1).intValue() - offsets.get(0).intValue())
                    .order(ByteOrder.LITTLE_ENDIAN);
            while (numbers.hasRemaining()) {
                numbers.putShort(FloatFormats.toF16(value));
            }
            file.write(numbers.flip(), Long.BYTES + header.capacity() + offsets.get(0).longValue());
        }
    }

    private CommandLineRun classify(String... options) {
        return CommandLineRun.of(Stream.concat(Stream.of("classify", picture, "--model", model, "--device", "simt",
                "--classes", "bag,shirt", "--exhaustive", "--n-samples", "1"), Stream.of(options)).toArray());
    }

    @Test
    void theLayerAndTheWayOutAreNamed() {
        classify().refused("is not a number", "beyond the range of F16 (--dtype bf16 has a wider one)",
                "; the first layer: " + LAYER + " (conv3x3", "numbers are not finite and the others reach");
    }

    @Test
    void everyLayerIsLookedAtIfAskedFor() {
        classify("--check-finite").refused("diffusion-classifier: " + LAYER + " (conv3x3", "F16");
    }

    @Test
    void bf16HasTheRange() {
        classify("--dtype", "bf16", "--check-finite").succeeded();
    }
}
