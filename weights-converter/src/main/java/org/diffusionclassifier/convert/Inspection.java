package org.diffusionclassifier.convert;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.diffusionclassifier.checkpoint.DiffusersDirectory;
import org.diffusionclassifier.checkpoint.DitCheckpoint;
import org.diffusionclassifier.checkpoint.DitDirectory;
import org.diffusionclassifier.checkpoint.LdmCheckpoint;
import org.diffusionclassifier.checkpoint.ModelFile;
import org.diffusionclassifier.checkpoint.VaeFolder;
import org.diffusionclassifier.checkpoint.WeightsFormat;
import org.diffusionclassifier.config.ScheduleConfig.PredictionType;
import org.diffusionclassifier.safetensors.SafetensorsFile;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.tensor.Weights;

/**
 * What a file or directory of weights holds, without reading any of them.
 *
 * @param configurations of each network in diffusers' and transformers' words, where they are known
 * @param metadata       the other texts of a safetensors file's {@code __metadata__}
 */
public record Inspection(String path, Kind kind, Map<String, Object> configurations, Map<String, String> metadata,
                         List<Component> components) {

    /** What it is. */
    public enum Kind {
        DIFFUSERS_DIRECTORY("a model in diffusers' form"),
        VAE_FOLDER("an autoencoder in diffusers' form"),
        MODEL_FILE("a model file"),
        ORIGINAL("a model in the original naming; its configuration is inferred, but image size and prediction are not "
                + "in it"),
        ORIGINAL_DIT("a DiT in the original naming; its configuration is inferred, its autoencoder is not in it"),
        LORA("a LoRA"),
        WEIGHTS("weights");

        private final String description;

        Kind(String description) {
            this.description = description;
        }

        public String description() {
            return description;
        }
    }

    public record Tensor(String name, DType dtype, List<Integer> shape) {

        long elements() {
            return shape.stream().mapToLong(Integer::longValue).reduce(1, Math::multiplyExact);
        }
    }

    /**
     * A network, or what else has names that begin alike.
     *
     * @param parameters elements of its tensors of floats
     * @param types      of its tensors, with commas between
     */
    public record Component(String name, long parameters, long bytes, String types, List<Tensor> tensors) {

        static Component of(String name, List<Tensor> tensors) {
            return new Component(name,
                    tensors.stream().filter(tensor -> tensor.dtype.isFloat()).mapToLong(Tensor::elements).sum(),
                    tensors.stream().mapToLong(tensor -> tensor.elements() * tensor.dtype.bytes()).sum(),
                    tensors.stream().map(tensor -> tensor.dtype.name()).distinct().sorted()
                            .collect(Collectors.joining(", ")), tensors);
        }
    }

    private static final Pattern GROUP = Pattern.compile("(lora_unet|lora_te\\d?)_.*|([^.]*)\\..*");
    private static final Pattern LORA = Pattern.compile(".*[._]lora[._].*|.*\\.lora_(up|down|A|B)\\..*");
    private static final int DEFAULT_IMAGE_SIZE = 512;

    /** @throws InputException if it cannot be read, or is nothing of the kind */
    public static Inspection of(Path path) {
        if (Files.isDirectory(path)) {
            return ofDirectory(path);
        }
        boolean safetensors = WeightsFormat.of(path) == WeightsFormat.SAFETENSORS;
        try (Weights file = WeightsFormat.of(path).open(path)) {
            Map<String, String> metadata = safetensors ? ((SafetensorsFile) file).metadata() : Map.of();
            if (metadata.containsKey(ModelFile.KEY)) {
                var others = new LinkedHashMap<>(metadata);
                others.remove(ModelFile.KEY);
                return new Inspection(path.toString(), Kind.MODEL_FILE,
                        ModelFile.configurations((SafetensorsFile) file), others, groups(file));
            }
            if (file.names().stream().anyMatch(name -> name.startsWith("model.diffusion_model."))) {
                var options = new LdmCheckpoint.Options(DEFAULT_IMAGE_SIZE, PredictionType.EPSILON, false, null);
                return new Inspection(path.toString(), Kind.ORIGINAL,
                        LdmCheckpoint.open(path, options).config().toDiffusers(), metadata, groups(file));
            }
            if (DitCheckpoint.isOne(file)) {
                return new Inspection(path.toString(), Kind.ORIGINAL_DIT,
                        Map.of("transformer", DitCheckpoint.transformer(path).toDiffusers()), metadata, groups(file));
            }
            Kind kind = file.names().stream().anyMatch(name -> LORA.matcher(name).matches()) ? Kind.LORA : Kind.WEIGHTS;
            return new Inspection(path.toString(), kind, Map.of(), metadata, groups(file));
        }
    }

    private static Inspection ofDirectory(Path path) {
        if (VaeFolder.isOne(path)) {
            var vae = VaeFolder.open(path);
            return new Inspection(path.toString(), Kind.VAE_FOLDER, Map.of("vae", vae.config().toDiffusers()), Map.of(),
                    List.of(component("vae", vae::weights)));
        }
        if (DitDirectory.isOne(path)) {
            var model = DitDirectory.open(path);
            return new Inspection(path.toString(), Kind.DIFFUSERS_DIRECTORY, model.config().toDiffusers(), Map.of(),
                    List.of(component("vae", model::vaeWeights), component("transformer", model::transformerWeights)));
        }
        var model = DiffusersDirectory.open(path);
        return new Inspection(path.toString(), Kind.DIFFUSERS_DIRECTORY, model.config().toDiffusers(), Map.of(),
                List.of(component("text_encoder", model::textEncoderWeights), component("vae", model::vaeWeights),
                        component("unet", model::unetWeights)));
    }

    private static Component component(String name, Supplier<Weights> opener) {
        try (Weights weights = opener.get()) {
            return Component.of(name, weights.names().stream().map(tensor -> tensor(weights, tensor)).toList());
        }
    }

    private static Tensor tensor(Weights weights, String name) {
        return new Tensor(name, weights.dtype(name), weights.shape(name));
    }

    private static List<Component> groups(Weights weights) {
        var groups = new LinkedHashMap<String, List<Tensor>>();
        for (String name : weights.names()) {
            Matcher matcher = GROUP.matcher(name);
            String group = !matcher.matches() ? name : matcher.group(1) != null ? matcher.group(1) : matcher.group(2);
            groups.computeIfAbsent(group, missing -> new ArrayList<>()).add(tensor(weights, name));
        }
        return groups.entrySet().stream().map(group -> Component.of(group.getKey(), group.getValue())).toList();
    }
}
