package org.diffusionclassifier.testing;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.diffusionclassifier.checkpoint.SafetensorsWeights;
import org.diffusionclassifier.safetensors.SafetensorsFile;
import org.diffusionclassifier.safetensors.TensorInfo;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.FloatFormats;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.tensor.Weights;
import org.junit.jupiter.api.function.Executable;

/** What tests share: resources, hand-made safetensors files, values of tensors, the shape of an error. */
public final class Fixtures {

    private Fixtures() {
    }

    /** A file of the test resources. */
    public static Path resource(String name) {
        try {
            return Path.of(Fixtures.class.getResource("/" + name).toURI());
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException(name, e);
        }
    }

    /** The weights of a golden model. */
    public static Weights golden(String model) {
        return SafetensorsWeights.open(Golden.of(model),
                model.startsWith("clip") ? "model" : "diffusion_pytorch_model");
    }

    /** A file of the given header, after its true length, and data. */
    public static Path safetensors(Path file, String header, byte... data) throws IOException {
        byte[] json = header.getBytes(StandardCharsets.UTF_8);
        return Files.write(file, ByteBuffer.allocate(8 + json.length + data.length).order(ByteOrder.LITTLE_ENDIAN)
                .putLong(json.length).put(json).put(data).array());
    }

    /** A tensor's values; one of four axes [a, b, c, d] as [a, c, d, b]: filters and images channels-last. */
    public static float[] channelsLast(Weights weights, String name) {
        float[] kept = values(weights, name);
        List<Integer> shape = weights.shape(name);
        if (shape.size() != 4) {
            return kept;
        }
        int channels = shape.get(1);
        int pixels = shape.get(2) * shape.get(3);
        var turned = new float[kept.length];
        for (int i = 0; i < kept.length; i++) {
            int first = i / (channels * pixels);
            turned[(first * pixels + i % pixels) * channels + i / pixels % channels] = kept[i];
        }
        return turned;
    }

    /** Changed to what is left of them in another type. */
    public static float[] rounded(float[] values, DType dtype) {
        for (int i = 0; i < values.length; i++) {
            values[i] = switch (dtype) {
                case F16 -> FloatFormats.fromF16(FloatFormats.toF16(values[i]));
                case BF16 -> FloatFormats.fromBF16(FloatFormats.toBF16(values[i]));
                default -> values[i];
            };
        }
        return values;
    }

    /** A whole tensor's. */
    public static float[] values(Weights weights, String name) {
        var values = FloatBuffer.allocate((int) weights.elements(name));
        weights.read(name, values);
        return values.array();
    }

    /** The bytes of every tensor of a safetensors file, in the file's order. */
    public static Map<String, byte[]> tensors(Path path) {
        var tensors = new LinkedHashMap<String, byte[]>();
        try (var file = SafetensorsFile.open(path)) {
            for (TensorInfo tensor : file.tensors().values()) {
                var bytes = ByteBuffer.allocate((int) tensor.bytes());
                file.readStored(tensor.name(), 0, bytes);
                tensors.put(tensor.name(), bytes.array());
            }
        }
        return tensors;
    }

    /** A copy in {@code folder} of a JSON resource with {@code key} set to the JSON text {@code value}. */
    public static Path edited(String resource, String key, String value, Path folder) throws IOException {
        var mapper = JsonMapper.builder().enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS).build();
        var root = (ObjectNode) mapper.readTree(Files.readString(resource(resource)));
        root.set(key, mapper.readTree(value));
        return Files.writeString(folder.resolve("config.json"),
                mapper.writer().without(JsonWriteFeature.WRITE_NAN_AS_STRINGS).writeValueAsString(root));
    }

    /** The message of the InputException that {@code action} throws, after a check that it is one line. */
    public static String inputError(Executable action) {
        String message = assertThrows(InputException.class, action).getMessage();
        assertFalse(message.isBlank() || message.lines().count() != 1 || message.endsWith("\n"), message);
        return message;
    }
}
