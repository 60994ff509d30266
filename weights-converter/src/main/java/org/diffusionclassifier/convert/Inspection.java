package org.diffusionclassifier.convert;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.diffusionclassifier.checkpoint.Checkpoint;
import org.diffusionclassifier.checkpoint.ConvertedFile;
import org.diffusionclassifier.checkpoint.DiffusersDirectory;
import org.diffusionclassifier.checkpoint.Layout;
import org.diffusionclassifier.checkpoint.ModelSpec;
import org.diffusionclassifier.checkpoint.WeightsFile;
import org.diffusionclassifier.checkpoint.original.OriginalNaming;
import org.diffusionclassifier.config.VaeConfig;
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
        ORIGINAL_WITHOUT_TEXT("a model in the original naming; its configuration is inferred, its text encoders are not in "
                + "it"),
        ORIGINAL_DIT("a DiT in the original naming; its configuration is inferred, its autoencoder is not in it"),
        LORA("a LoRA or an adapter of another kind"),
        WEIGHTS("weights");

        private final String description;

        Kind(String description) {
            this.description = description;
        }

        public String description() {
            return description;
        }
    }

    /** A tensor as it is stored. */
    public record Entry(String name, DType dtype, List<Integer> shape) {

        long elements() {
            return shape.stream().mapToLong(Integer::longValue).reduce(1, Math::multiplyExact);
        }

        /** Those of a type that is not known count nothing. */
        long bytes() {
            return (elements() * dtype.bits() + Byte.SIZE - 1) / Byte.SIZE;
        }
    }

    /**
     * A network, or what else has names that begin alike.
     *
     * @param parameters elements of its tensors of floats
     * @param types      of its tensors, with commas between
     */
    public record Component(String name, long parameters, long bytes, String types, List<Entry> tensors) {

        static Component of(String name, List<Entry> tensors) {
            return new Component(name,
                    tensors.stream().filter(tensor -> tensor.dtype.isFloat()).mapToLong(Entry::elements).sum(),
                    tensors.stream().mapToLong(Entry::bytes).sum(),
                    tensors.stream().map(tensor -> tensor.dtype.name()).distinct().sorted()
                            .collect(Collectors.joining(", ")), tensors);
        }
    }

    private static final Pattern GROUP = Pattern.compile("((?:lora|oft)_unet|lora_te\\d?)_.*|([^.]*)\\..*");
    private static final Pattern LORA = Pattern.compile(".*[._]lora[._].*|.*\\.lora_(up|down|A|B)\\..*"
            + "|.*\\.(hada_|lokr_|oft_blocks).*");

    /**
     * Inspects a file or a directory.
     *
     * @param layouts what a model's family takes of a checkpoint
     * @throws InputException if it cannot be read, or is nothing of the kind
     */
    public static Inspection of(Path path, Function<Checkpoint, Layout> layouts) {
        if (Files.isDirectory(path)) {
            return DiffusersDirectory.isComponent(path) ? ofVae(path) : ofDirectory(path, layouts);
        }
        try (Weights file = WeightsFile.openStored(path)) {
            Map<String, String> metadata = file instanceof SafetensorsFile safetensors ? safetensors.metadata()
                    : Map.of();
            if (!ConvertedFile.isOne(file) && !OriginalNaming.isOne(file)) {
                boolean lora = file.names().stream().anyMatch(name -> LORA.matcher(name).matches());
                return new Inspection(path.toString(), lora ? Kind.LORA : Kind.WEIGHTS, Map.of(), metadata, groups(file));
            }
            return ofModel(path, file, metadata, layouts);
        }
    }

    private static Inspection ofModel(Path path, Weights file, Map<String, String> metadata,
                                      Function<Checkpoint, Layout> layouts) {
        try (var checkpoint = Checkpoint.open(ModelSpec.of(path))) {
            boolean bare = !checkpoint.components().contains(Checkpoint.VAE);
            boolean withoutText = !bare && !checkpoint.components().contains("text_encoder")
                    && checkpoint.components().contains("transformer");
            if (!ConvertedFile.isOne(file) && (bare || withoutText)) {
                var configurations = new LinkedHashMap<String, Object>();
                checkpoint.components().forEach(name ->
                        configurations.put(name, checkpoint.component(name).config().settings()));
                return new Inspection(path.toString(), bare ? Kind.ORIGINAL_DIT : Kind.ORIGINAL_WITHOUT_TEXT,
                        configurations, metadata, groups(file));
            }
            var others = new LinkedHashMap<>(metadata);
            others.remove(ConvertedFile.KEY);
            return new Inspection(path.toString(), ConvertedFile.isOne(file) ? Kind.MODEL_FILE : Kind.ORIGINAL,
                    layouts.apply(checkpoint).configurations(), others, groups(file));
        }
    }

    private static Inspection ofVae(Path path) {
        var component = DiffusersDirectory.vae(path);
        try (Weights weights = component.weights()) {
            return new Inspection(path.toString(), Kind.VAE_FOLDER,
                    Map.of(Checkpoint.VAE, VaeConfig.read(component.config()).toDiffusers()), Map.of(),
                    List.of(component(Checkpoint.VAE, weights)));
        }
    }

    private static Inspection ofDirectory(Path path, Function<Checkpoint, Layout> layouts) {
        try (var checkpoint = Checkpoint.open(ModelSpec.of(path))) {
            Layout layout = layouts.apply(checkpoint);
            return new Inspection(path.toString(), Kind.DIFFUSERS_DIRECTORY, layout.configurations(), Map.of(),
                    layout.parts().stream().map(Layout.Part::component)
                            .map(name -> component(name, checkpoint.component(name).weights())).toList());
        }
    }

    private static Component component(String name, Weights weights) {
        return Component.of(name, weights.names().stream().map(tensor -> entry(weights, tensor)).toList());
    }

    private static Entry entry(Weights weights, String name) {
        return new Entry(name, weights.dtype(name), weights.shape(name));
    }

    private static List<Component> groups(Weights weights) {
        var groups = new LinkedHashMap<String, List<Entry>>();
        for (String name : weights.names()) {
            Matcher matcher = GROUP.matcher(name);
            String group = !matcher.matches() ? name : matcher.group(1) != null ? matcher.group(1) : matcher.group(2);
            groups.computeIfAbsent(group, missing -> new ArrayList<>()).add(entry(weights, name));
        }
        return groups.entrySet().stream().map(group -> Component.of(group.getKey(), group.getValue())).toList();
    }
}
