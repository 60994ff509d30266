package org.diffusionclassifier.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.diffusionclassifier.config.JsonConfig;
import org.diffusionclassifier.safetensors.SafetensorsFile;
import org.diffusionclassifier.tensor.Filters;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.tensor.Weights;

/**
 * A low-rank adaptation (Hu et al. 2021, arXiv 2106.09685): for some layers of a model a pair of small matrices whose
 * product is added to the weights, W += scale · alpha / rank · up · down. Read from a safetensors file in any of the
 * namings that are passed around:
 *
 * <pre>
 *   kohya                lora_unet_down_blocks_0_…_attn1_to_q.lora_down.weight, .lora_up.weight, .alpha;
 *                        lora_te_text_model_…
 *   PEFT                 unet.down_blocks.0.….attn1.to_q.lora_A.weight, .lora_B.weight; text_encoder.text_model.…
 *   diffusers to 0.20    unet.….attn1.processor.to_q_lora.down.weight, ….up.weight;
 *                        text_encoder.….q_proj.lora_linear_layer.down.weight
 * </pre>
 *
 * Of a convolution, down is [rank, in, height, width] and up [out, rank, 1, 1]. Where there is no alpha of the layer, it
 * is the one that diffusers since 0.34 writes into {@code __metadata__} for all, else the rank.
 */
public final class Lora {

    /** What a tensor's name ends with, behind the layer's. */
    private static final Pattern NAME = Pattern.compile("(?<layer>.+?)(?:"
            + "(?<alpha>\\.alpha)"
            + "|(?<down>\\.lora_down|\\.lora_A(?:\\.default)?|(?:[._]lora|\\.lora_linear_layer)\\.down)\\.weight"
            + "|(?<up>\\.lora_up|\\.lora_B(?:\\.default)?|(?:[._]lora|\\.lora_linear_layer)\\.up)\\.weight)");

    private static final String UNET = "unet";
    private static final String TEXT_ENCODER = "text_encoder";

    /** The components that a LoRA may have layers of, and what messages call them. */
    static final Map<String, String> COMPONENTS = new LinkedHashMap<>();

    /** The component of a layer by what the layer's name begins with: the first that fits, else the UNet. */
    private static final Map<String, String> PREFIXES = new LinkedHashMap<>();

    static {
        COMPONENTS.put(UNET, "UNet");
        COMPONENTS.put(TEXT_ENCODER, "text encoder");
        PREFIXES.put("lora_unet_", UNET);
        PREFIXES.put("lora_te_", TEXT_ENCODER);
        PREFIXES.put("unet.", UNET);
        PREFIXES.put("text_encoder.", TEXT_ENCODER);
    }

    /** A pair of matrices. */
    private static final class Pair {
        private String anyTensor;
        private String down;
        private String up;
        private String alpha;
    }

    /**
     * What is added to one tensor.
     *
     * @param down   [rank, elements of a row], the row's in the order of the tensor's
     * @param up     [rows, rank]
     * @param factor scale · alpha / rank
     */
    record Product(float[] down, float[] up, int rank, float factor) {

        /** Adds the product's elements from {@code first} on. */
        void addTo(float[] values, long first) {
            int row = down.length / rank;
            for (int i = 0, length; i < values.length; i += length) {
                int o = (int) ((first + i) / row);
                int column = (int) ((first + i) % row);
                length = Math.min(row - column, values.length - i);
                for (int r = 0; r < rank; r++) {
                    float left = factor * up[o * rank + r];
                    for (int j = 0; j < length; j++) {
                        values[i + j] += left * down[r * row + column + j];
                    }
                }
            }
        }
    }

    /** In {@code __metadata__}: PEFT's configuration as JSON, {@code {"unet.lora_alpha": 8, …}}. */
    private static final String ADAPTER = "lora_adapter_metadata";

    private final Path file;
    private final float scale;
    private final Map<String, Float> commonAlpha = new HashMap<>();
    private final Map<String, Map<String, Pair>> pairs = new LinkedHashMap<>();     // by component and layer

    private Lora(Path file, float scale, SafetensorsFile tensors) {
        this.file = file;
        this.scale = scale;
        for (String name : tensors.names()) {
            Matcher matcher = NAME.matcher(name);
            if (!matcher.matches()) {
                throw new InputException(file + ": expected a LoRA of pairs of matrices, found tensor " + name);
            }
            Pair pair = pair(matcher.group("layer"));
            pair.anyTensor = name;
            if (matcher.group("down") != null) {
                pair.down = name;
            } else if (matcher.group("up") != null) {
                pair.up = name;
            } else {
                pair.alpha = name;
            }
        }
        COMPONENTS.keySet().forEach(this::requirePairs);
        if (tensors.metadata().containsKey(ADAPTER)) {
            readAdapter(tensors.metadata().get(ADAPTER));
        }
        if (pairs.isEmpty()) {
            throw new InputException(file + ": expected a LoRA, found no tensors");
        }
    }

    /**
     * Opens a LoRA.
     *
     * @param scale how much of it to add: 1 for what it was trained as
     * @throws InputException if it cannot be read, or has tensors that are no pairs of matrices
     */
    public static Lora open(Path file, float scale) {
        try (var tensors = SafetensorsFile.open(file)) {
            return new Lora(file, scale, tensors);
        }
    }

    private void readAdapter(String text) {
        JsonConfig json = JsonConfig.parse(file + ": " + ADAPTER, text);
        for (String component : COMPONENTS.keySet()) {
            String network = component + ".";
            for (String refused : List.of("alpha_pattern", "use_rslora", "use_dora")) {
                JsonNode value = json.get(network + refused);
                if (!JsonConfig.isOff(value) && !(value.isObject() && value.isEmpty())) {
                    throw json.unsupported(network + refused, "none");
                }
            }
            if (!JsonConfig.isOff(json.get(network + "lora_alpha"))) {
                commonAlpha.put(component, (float) json.positiveNumber(network + "lora_alpha", 1));
            }
        }
    }

    private Pair pair(String layer) {
        String name = layer.startsWith("base_model.model.") ? layer.substring("base_model.model.".length()) : layer;
        String component = UNET;
        for (Map.Entry<String, String> prefix : PREFIXES.entrySet()) {
            if (name.startsWith(prefix.getKey())) {
                name = name.substring(prefix.getKey().length());
                component = prefix.getValue();
                break;
            }
        }
        return pairs.computeIfAbsent(component, missing -> new LinkedHashMap<>())
                .computeIfAbsent(flat(name.replace(".processor.", ".")), missing -> new Pair());
    }

    /** Kohya's naming keeps no dots, so that all are compared without. */
    private static String flat(String layer) {
        String flat = layer.replace('.', '_');
        return flat.startsWith("text_model_") ? flat.substring("text_model_".length()) : flat;
    }

    private void requirePairs(String component) {
        for (Pair pair : pairs.getOrDefault(component, Map.of()).values()) {
            if (pair.down == null || pair.up == null) {
                throw new InputException(file + ": expected pairs of matrices, down (or A) and up (or B), found "
                        + pair.anyTensor + " without its other");
            }
        }
    }

    Path file() {
        return file;
    }

    float scale() {
        return scale;
    }

    String sha256() {
        return new SourceHash(new TreeMap<>(Map.of("", file))).await();
    }

    /** Whether it has layers of a component. */
    boolean concerns(String component) {
        return pairs.containsKey(component);
    }

    /**
     * What is to be added to a component's tensors, by their names.
     *
     * @throws InputException if a layer is not the network's, or matrices do not fit it
     */
    Map<String, Product> products(String component, Weights network) {
        Map<String, Pair> layers = pairs.getOrDefault(component, Map.of());
        var tensorOf = new LinkedHashMap<String, String>();
        for (String tensor : network.names()) {
            if (tensor.endsWith(".weight")) {
                String layer = flat(tensor.substring(0, tensor.length() - ".weight".length()));
                tensorOf.put(layer, tensor);
                if (layer.endsWith("_to_out_0")) {      // which the oldest naming calls to_out
                    tensorOf.put(layer.substring(0, layer.length() - "_0".length()), tensor);
                }
            }
        }
        List<Pair> strangers = layers.entrySet().stream().filter(pair -> !tensorOf.containsKey(pair.getKey()))
                .map(Map.Entry::getValue).toList();
        if (!strangers.isEmpty()) {
            throw new InputException(file + ": expected layers of the model's " + COMPONENTS.get(component)
                    + ", found " + strangers.get(0).anyTensor
                    + (strangers.size() > 1 ? " and " + (strangers.size() - 1) + " more that it does not have" : ""));
        }
        var products = new LinkedHashMap<String, Product>();
        try (var tensors = SafetensorsFile.open(file)) {
            layers.forEach((layer, pair) -> products.put(tensorOf.get(layer),
                    product(tensors, pair, network, tensorOf.get(layer), commonAlpha.get(component))));
        }
        return products;
    }

    private Product product(SafetensorsFile tensors, Pair pair, Weights network, String tensor, Float common) {
        List<Integer> shape = network.shape(tensor);
        boolean isFilter = shape.size() == 4;
        int out = shape.get(0);
        int pixels = !isFilter ? 1 : network.channelsLast() ? shape.get(1) * shape.get(2) : shape.get(2) * shape.get(3);
        int in = (int) (network.elements(tensor) / Math.max(1, (long) out * pixels));
        List<Integer> down = tensors.shape(pair.down);
        List<Integer> up = tensors.shape(pair.up);
        int rank = down.isEmpty() ? 0 : down.get(0);
        boolean fits = rank > 0 && down.size() > 1 && down.get(1) == in && up.size() > 1 && up.get(0) == out
                && up.get(1) == rank && tensors.elements(pair.down) == (long) rank * in * pixels
                && tensors.elements(pair.up) == (long) out * rank;
        if (!fits) {
            throw new InputException(file + ": tensor " + pair.down + ": expected [rank, " + in + (pixels > 1
                    ? ", height, width]" : "]") + " and with it [" + out + ", rank] for " + tensor + " " + shape
                    + ", found " + down + " and " + up);
        }
        float[] rows = values(tensors, pair.down);
        if (pixels > 1 && network.channelsLast()) {
            var turned = new float[rows.length];
            Filters.toChannelsLast(rows, turned, rank, in, pixels);
            rows = turned;
        }
        float alpha = pair.alpha != null ? values(tensors, pair.alpha)[0] : common != null ? common : rank;
        return new Product(rows, values(tensors, pair.up), rank, scale * alpha / rank);
    }

    private static float[] values(SafetensorsFile tensors, String name) {
        long elements = tensors.elements(name);
        if (elements < 1 || elements > 1 << 28) {
            throw new InputException(tensors.source() + ": tensor " + name + ": expected 1 to 2^28 elements, found "
                    + elements);
        }
        var values = FloatBuffer.allocate((int) elements);
        tensors.read(name, values);
        return values.array();
    }
}
