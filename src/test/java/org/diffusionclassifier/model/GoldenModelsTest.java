package org.diffusionclassifier.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import org.diffusionclassifier.checkpoint.SafetensorsWeights;
import org.diffusionclassifier.config.ClipTextConfig;
import org.diffusionclassifier.config.DitConfig;
import org.diffusionclassifier.config.JsonConfig;
import org.diffusionclassifier.config.MmditConfig;
import org.diffusionclassifier.config.T5Config;
import org.diffusionclassifier.config.UNetConfig;
import org.diffusionclassifier.config.VaeConfig;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Graph;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.model.dit.Dit;
import org.diffusionclassifier.model.text.ClipTextEncoder;
import org.diffusionclassifier.model.text.T5Encoder;
import org.diffusionclassifier.model.sd3.CaptionEmbedding;
import org.diffusionclassifier.model.sd3.Mmdit;
import org.diffusionclassifier.model.stablediffusion.UNet;
import org.diffusionclassifier.safetensors.SafetensorsFile;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.Weights;
import org.diffusionclassifier.testing.Devices;
import org.diffusionclassifier.testing.Fixtures;
import org.diffusionclassifier.testing.Golden;
import org.diffusionclassifier.testing.Vectors;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/**
 * Every network against vectors recorded from its public reference implementation (diffusers, transformers): each
 * directory below {@code -Dgolden=DIR} with a config.json, its weights and an io.safetensors of inputs, outputs and
 * probes ({@code probe.NAME}) is a case, and its {@code _class_name} chooses the network.
 */
@Tag("device")
@Tag("vendor")
class GoldenModelsTest {

    private static final Path GOLDEN = Golden.cases();
    private static final Map<DType, Double> TOLERANCE = Map.of(DType.F32, 1e-4, DType.F16, 5e-3, DType.BF16, 2e-2);

    @TestFactory
    Stream<DynamicTest> matchesTheReference() throws IOException {
        List<Path> cases;
        try (var directories = Files.list(GOLDEN)) {
            cases = directories.filter(d -> Files.exists(d.resolve("io.safetensors"))).sorted().toList();
        }
        assertTrue(!cases.isEmpty(), GOLDEN + " holds no case");
        return cases.stream().flatMap(directory -> Devices.types().stream().map(dtype ->
                dynamicTest(directory.getFileName() + " " + dtype, () -> check(directory, dtype))));
    }

    private static void check(Path directory, DType dtype) throws IOException {
        JsonNode config = new ObjectMapper().readTree(directory.resolve("config.json").toFile());
        String network = config.has("_class_name") ? config.get("_class_name").textValue()
                : config.path("architectures").path(0).textValue();
        try (Device device = Devices.open(dtype);
                var io = SafetensorsFile.open(directory.resolve("io.safetensors"))) {
            Map<String, float[]> results = switch (network) {
                case "UNet2DConditionModel" -> unet(directory, io, device);
                case "DiTTransformer2DModel" -> dit(directory, io, device);
                case "AutoencoderKL" -> vae(directory, io, device);
                case "SD3Transformer2DModel" -> mmdit(directory, io, device);
                case "CLIPTextModel", "CLIPTextModelWithProjection" -> text(directory, io, device);
                case "T5EncoderModel" -> t5(directory, io, device);
                default -> throw new IllegalArgumentException(directory + ": no network for " + network);
            };
            for (var result : results.entrySet()) {
                Vectors.assertClose(result.getKey(), Fixtures.channelsLast(io, result.getKey()), result.getValue(),
                        TOLERANCE.get(dtype));
            }
        }
    }

    private static Map<String, float[]> unet(Path directory, SafetensorsFile io, Device device) {
        int[] context = Vectors.shape(io, "encoder_hidden_states");
        int[] sample = Vectors.shape(io, "sample");
        int batch = sample[0];
        try (Weights weights = SafetensorsWeights.open(directory, "diffusion_pytorch_model");
                var unet = new UNet(UNetConfig.read(directory.resolve("config.json")), weights, device)) {
            Tensor xt = tensor(device, Fixtures.channelsLast(io, "sample"), batch, sample[2], sample[3], sample[1]);
            Tensor states = tensor(device, Fixtures.values(io, "encoder_hidden_states"), context);
            Tensor times = times(device, Vectors.ints(io, "timestep"));
            Tensor each = tensor(device, IntStream.range(0, batch).toArray(), batch);
            var outputs = new LinkedHashMap<String, Tensor>();
            try (Graph graph = device.record(recorder -> {
                List<Tensor> vectors = unet.config().added() == null ? List.of() : List.of(unet.embedAdded(
                        tensor(device, Fixtures.values(io, "text_embeds"), Vectors.shape(io, "text_embeds")),
                        sizes(device, Fixtures.values(io, "time_ids"), batch)));
                vectors.forEach(vector -> outputs.put("probe.add_embedding", vector));
                Tensor output = unet.forward(xt,
                        new Pairs(times, each,
                                new Conditioning(device, batch, unet.projectContext(states), vectors), each),
                        (name, value) -> outputs.put("probe." + name, value));
                outputs.put("output", output);
                outputs.values().forEach(recorder::keep);
            })) {
                graph.run();
                long probes = io.tensors().keySet().stream().filter(name -> name.startsWith("probe.")).count();
                assertEquals(probes + 1, outputs.size(), "probes and output");
                return read(device, outputs);
            }
        }
    }

    private static Map<String, float[]> dit(Path directory, SafetensorsFile io, Device device) {
        int[] sample = Vectors.shape(io, "sample");
        int batch = sample[0];
        try (Weights weights = SafetensorsWeights.open(directory, "diffusion_pytorch_model");
                var dit = new Dit(DitConfig.read(directory.resolve("config.json")), weights, device);
                Conditioning labels = dit.embed(Vectors.ints(io, "class_labels"))) {
            Tensor xt = tensor(device, Fixtures.channelsLast(io, "sample"), batch, sample[2], sample[3], sample[1]);
            Tensor times = times(device, Vectors.ints(io, "timestep"));
            Tensor each = tensor(device, IntStream.range(0, batch).toArray(), batch);
            var outputs = new LinkedHashMap<String, Tensor>();
            try (Graph graph = device.record(recorder -> {
                outputs.put("output", dit.forward(xt, new Pairs(times, each, labels, each)));
                recorder.keep(outputs.get("output"));
            })) {
                graph.run();
                return read(device, outputs);
            }
        }
    }

    private static Map<String, float[]> mmdit(Path directory, SafetensorsFile io, Device device) {
        int[] context = Vectors.shape(io, "encoder_hidden_states");
        int[] sample = Vectors.shape(io, "hidden_states");
        int batch = sample[0];
        var config = MmditConfig.read(directory.resolve("config.json"));
        try (Weights weights = SafetensorsWeights.open(directory, "diffusion_pytorch_model");
                var captions = new CaptionEmbedding(config, weights, device);
                var mmdit = new Mmdit(config, weights, device)) {
            Tensor xt = tensor(device, Fixtures.channelsLast(io, "hidden_states"), batch, sample[2], sample[3], sample[1]);
            Tensor states = tensor(device, Fixtures.values(io, "encoder_hidden_states"), context);
            Tensor pooled = tensor(device, Fixtures.values(io, "pooled_projections"),
                    Vectors.shape(io, "pooled_projections"));
            Tensor times = device.tensor(DType.F32, batch);
            device.write(times, Fixtures.values(io, "timestep"));
            Tensor each = tensor(device, IntStream.range(0, batch).toArray(), batch);
            var outputs = new LinkedHashMap<String, Tensor>();
            try (Graph graph = device.record(recorder -> {
                Tensor tokens = captions.context(states);
                outputs.put("probe.context_embedder", tokens);
                outputs.put("output", mmdit.forward(xt, new Pairs(times, each, new Conditioning(device, batch,
                        List.of(tokens), List.of(captions.vector(pooled))), each),
                        (name, value) -> outputs.put("probe." + name, value)));
                outputs.values().forEach(recorder::keep);
            })) {
                graph.run();
                long probes = io.tensors().keySet().stream().filter(name -> name.startsWith("probe.")).count();
                assertEquals(probes + 1, outputs.size(), "probes and output");
                return read(device, outputs);
            }
        }
    }

    private static Map<String, float[]> t5(Path directory, SafetensorsFile io, Device device) {
        try (Weights weights = SafetensorsWeights.open(directory, "model");
                var encoder = new T5Encoder(T5Config.read(directory.resolve("config.json")), weights, device)) {
            Tensor ids = tensor(device, Vectors.ints(io, "input_ids"), Vectors.shape(io, "input_ids"));
            var outputs = new LinkedHashMap<String, Tensor>();
            try (Graph graph = device.record(recorder -> {
                outputs.put("last_hidden_state", encoder.forward(ids));
                recorder.keep(outputs.get("last_hidden_state"));
            })) {
                graph.run();
                return read(device, outputs);
            }
        }
    }

    private static Map<String, float[]> vae(Path directory, SafetensorsFile io, Device device) {
        int[] image = Vectors.shape(io, "image");
        try (Weights weights = SafetensorsWeights.open(directory, "diffusion_pytorch_model");
                var vae = new VaeEncoder(VaeConfig.read(directory.resolve("config.json")), weights, device)) {
            Tensor input = tensor(device, Fixtures.channelsLast(io, "image"), image[0], image[2], image[3], image[1]);
            var outputs = new LinkedHashMap<String, Tensor>();
            try (Graph graph = device.record(recorder -> {
                Tensor moments = vae.forward(input);
                recorder.keep(moments);
                int channels = vae.config().latentChannels();
                outputs.put("latent_mean", moments.columns(0, channels));
                if (io.tensors().containsKey("latent_scaled")) {
                    outputs.put("latent_scaled", device.affine(moments.columns(0, channels), vae.config().shiftFactor(),
                            vae.config().scalingFactor()));
                    recorder.keep(outputs.get("latent_scaled"));
                } else {
                    outputs.put("latent_logvar", moments.columns(channels, channels));
                }
            })) {
                graph.run();
                return read(device, outputs);
            }
        }
    }

    private static Map<String, float[]> text(Path directory, SafetensorsFile io, Device device) {
        try (Weights weights = SafetensorsWeights.open(directory, "model");
                var encoder = new ClipTextEncoder(ClipTextConfig.read(directory.resolve("config.json")), weights,
                        device)) {
            int[] input = Vectors.ints(io, "input_ids");
            int[] shape = Vectors.shape(io, "input_ids");
            Tensor ids = tensor(device, input, shape);
            var outputs = new LinkedHashMap<String, Tensor>();
            try (Graph graph = device.record(recorder -> {
                Tensor penultimate = encoder.penultimate(ids);
                outputs.put("last_hidden_state", encoder.last(penultimate));
                if (encoder.config().projection() > 0) {
                    outputs.put("penultimate_hidden_state", penultimate);
                    outputs.put("text_embeds", encoder.projected(outputs.get("last_hidden_state"),
                            tensor(device, ends(directory, input, shape[1]), shape[0], 1)));
                }
                outputs.values().forEach(recorder::keep);
            })) {
                graph.run();
                return read(device, outputs);
            }
        }
    }

    /** Where each sequence's first end token is in all of them. */
    private static int[] ends(Path directory, int[] ids, int length) {
        int end = JsonConfig.read(directory.resolve("config.json")).integer("eos_token_id");
        return IntStream.range(0, ids.length / length).map(text -> IntStream.range(text * length, (text + 1) * length)
                .filter(i -> ids[i] == end).findFirst().orElseThrow()).toArray();
    }

    private static Tensor sizes(Device device, float[] values, int entries) {
        Tensor sizes = device.tensor(DType.F32, entries, values.length / entries);
        device.write(sizes, values);
        return sizes;
    }

    private static Map<String, float[]> read(Device device, Map<String, Tensor> outputs) {
        var values = new LinkedHashMap<String, float[]>();
        outputs.forEach((name, tensor) -> values.put(name, device.read(tensor)));
        return values;
    }

    private static Tensor tensor(Device device, float[] values, int... shape) {
        Tensor tensor = device.tensor(device.dtype(), shape);
        device.write(tensor, values);
        return tensor;
    }

    private static Tensor tensor(Device device, int[] values, int... shape) {
        Tensor tensor = device.tensor(DType.I32, shape);
        device.write(tensor, values);
        return tensor;
    }

    private static Tensor times(Device device, int[] timesteps) {
        float[] values = new float[timesteps.length];
        for (int m = 0; m < values.length; m++) {
            values[m] = timesteps[m];
        }
        Tensor tensor = device.tensor(DType.F32, timesteps.length);
        device.write(tensor, values);
        return tensor;
    }
}
