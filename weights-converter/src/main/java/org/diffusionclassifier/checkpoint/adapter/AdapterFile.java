package org.diffusionclassifier.checkpoint.adapter;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.diffusionclassifier.checkpoint.original.MmditNames;
import org.diffusionclassifier.config.JsonConfig;
import org.diffusionclassifier.safetensors.SafetensorsFile;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.tensor.Weights;

/**
 * A file of adapters, a LoRA for short: for some layers of a model what is to be done to their weights. The name of a
 * tensor is that of a layer, in any of the namings that are passed around, and of what the tensor is to the layer:
 *
 * <pre>
 *   kohya, LyCORIS       lora_unet_down_blocks_0_…_attn1_to_q.lora_down.weight, .lora_up.weight, .alpha, .hada_w1_a, …;
 *                        lora_te_text_model_…; oft_unet_…; of SDXL lora_unet_input_blocks_4_1_…, lora_te1_…, lora_te2_…
 *   PEFT                 unet.down_blocks.0.….attn1.to_q.lora_A.weight, .lora_B.weight; text_encoder.text_model.…
 *   Stable Diffusion 3   lora_unet_joint_blocks_0_x_block_attn_qkv.lora_down.weight, queries, keys and values packed;
 *                        transformer.transformer_blocks.0.attn.to_q.lora_A.weight; lora_te3_encoder_block_…
 *   diffusers to 0.20    unet.….attn1.processor.to_q_lora.down.weight, ….up.weight;
 *                        text_encoder.….q_proj.lora_linear_layer.down.weight;
 *                        text_encoder.….self_attn.to_q_lora.down.weight
 * </pre>
 *
 * Where there is no alpha of the layer, it is the one that diffusers since 0.34 writes into {@code __metadata__} for
 * all, else there is no scaling. Closing this closes the file.
 */
public final class AdapterFile implements AutoCloseable {

    /** What a tensor's name ends with, behind the layer's. */
    private static final Pattern NAME = Pattern.compile("(?<layer>.+?)(?:"
            + "(?<down>\\.lora_down|\\.lora_A(?:\\.default)?|(?:[._]lora|\\.lora_linear_layer)\\.down)\\.weight"
            + "|(?<up>\\.lora_up|\\.lora_B(?:\\.default)?|(?:[._]lora|\\.lora_linear_layer)\\.up)\\.weight"
            + "|(?<mid>\\.lora_mid\\.weight)"
            + "|(?<magnitude>\\.lora_magnitude_vector(?:\\.default)?(?:\\.weight)?)"
            + "|\\.(?<part>alpha|dora_scale|hada_(?:w[12]_[ab]|t[12])|lokr_(?:w[12](?:_[ab])?|t2)|oft_blocks|rescale"
            + "|diff|diff_b|w_norm|b_norm))");

    private static final String UNET = "unet";
    private static final String TEXT_ENCODER = "text_encoder";
    private static final String TEXT_ENCODER_2 = "text_encoder_2";
    private static final String TEXT_ENCODER_3 = "text_encoder_3";
    private static final String TRANSFORMER = "transformer";

    /** What the names of layers begin with that only a transformer has, where a prefix says "unet". */
    private static final String TRANSFORMER_LAYERS = "(joint|transformer)_blocks_.*|(final_layer|context_embedder)_?.*";

    /** Queries of the last block's caption: trained with the others, and never taken. */
    private static final Pattern UNUSED = Pattern.compile("(transformer_blocks_\\d+_attn_add_)q_proj");

    /** The components that a file may have layers of, and what messages call them. */
    public static final Map<String, String> COMPONENTS = new LinkedHashMap<>();

    /** The component of a layer by what the layer's name begins with: the first that fits, else the UNet. */
    private static final Map<String, String> PREFIXES = new LinkedHashMap<>();

    /**
     * A kind of adapter of a layer's weights.
     *
     * @param parts the parts that only it has
     */
    private record Kind(Pattern parts, BiFunction<LayerTensors, Target, Adapter> maker) {

        Kind(String parts, BiFunction<LayerTensors, Target, Adapter> maker) {
            this(Pattern.compile(parts), maker);
        }
    }

    private static final List<Kind> KINDS = List.of(new Kind("lora_(down|up|mid)", LoraAdapter::new),
            new Kind("hada_.*", LohaAdapter::new), new Kind("lokr_.*", LokrAdapter::new),
            new Kind(OftAdapter.BLOCKS, OftAdapter::new),
            new Kind("diff", (layer, target) -> new FullAdapter(layer, "diff", target)),
            new Kind("w_norm", (layer, target) -> new FullAdapter(layer, "w_norm", target)));

    /** What old names of layers end with, without their dots, and their names today. */
    private static final Map<String, String> OLD_NAMES = Map.of("_to_out", "_to_out_0", "_self_attn_to_q",
            "_self_attn_q_proj", "_self_attn_to_k", "_self_attn_k_proj", "_self_attn_to_v", "_self_attn_v_proj",
            "_self_attn_to_out", "_self_attn_out_proj");

    static {
        COMPONENTS.put(UNET, "UNet");
        COMPONENTS.put(TEXT_ENCODER, "text encoder");
        COMPONENTS.put(TEXT_ENCODER_2, "second text encoder");
        COMPONENTS.put(TEXT_ENCODER_3, "third text encoder");
        COMPONENTS.put(TRANSFORMER, "transformer");
        PREFIXES.put("lora_unet_", UNET);
        PREFIXES.put("oft_unet_", UNET);
        PREFIXES.put("lora_te_", TEXT_ENCODER);
        PREFIXES.put("lora_te1_", TEXT_ENCODER);
        PREFIXES.put("lora_te2_", TEXT_ENCODER_2);
        PREFIXES.put("lora_te3_", TEXT_ENCODER_3);
        PREFIXES.put("lora_transformer_", TRANSFORMER);
        PREFIXES.put("transformer.", TRANSFORMER);
        PREFIXES.put("unet.", UNET);
        PREFIXES.put("text_encoder.", TEXT_ENCODER);
        PREFIXES.put("text_encoder_2.", TEXT_ENCODER_2);
        PREFIXES.put("text_encoder_3.", TEXT_ENCODER_3);
    }

    /** A layer of a transformer's block. */
    private static final Pattern BLOCK = Pattern.compile(Pattern.quote(MmditNames.BLOCKS)
            + "(?<number>\\d+)\\.(?<layer>.+)");

    /** In {@code __metadata__}: PEFT's configuration as JSON, {@code {"unet.lora_alpha": 8, …}}. */
    private static final String CONFIGURATION = "lora_adapter_metadata";

    private final Weights file;
    private final Map<String, Float> commonAlpha = new HashMap<>();
    private final Map<String, Map<String, LayerTensors>> layers = new LinkedHashMap<>();     // by component and layer

    /**
     * @param file closed with this
     * @throws InputException if it has a tensor that is part of no adapter, or none
     */
    public AdapterFile(Weights file) {
        this.file = file;
        if (file instanceof SafetensorsFile safetensors && safetensors.metadata().containsKey(CONFIGURATION)) {
            readConfiguration(safetensors.metadata().get(CONFIGURATION));
        }
        for (String name : file.names()) {
            Matcher matcher = NAME.matcher(name);
            if (!matcher.matches()) {
                throw new InputException(file.source()
                        + ": expected a LoRA or another adapter that is known, found tensor " + name);
            }
            layer(matcher.group("layer")).put(part(matcher), name);
        }
        if (layers.isEmpty()) {
            throw new InputException(file.source() + ": expected a LoRA, found no tensors");
        }
    }

    private static String part(Matcher name) {
        return name.group("down") != null ? LoraAdapter.DOWN
                : name.group("up") != null ? LoraAdapter.UP
                : name.group("mid") != null ? LoraAdapter.MID
                : name.group("magnitude") != null ? DoraAdapter.MAGNITUDE : name.group("part");
    }

    private void readConfiguration(String text) {
        JsonConfig json = JsonConfig.parse(file.source() + ": " + CONFIGURATION, text);
        for (String component : COMPONENTS.keySet()) {
            String network = component + ".";
            for (String refused : List.of("alpha_pattern", "use_rslora")) {
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

    private LayerTensors layer(String layer) {
        String name = layer.startsWith("base_model.model.") ? layer.substring("base_model.model.".length()) : layer;
        String component = UNET;
        for (Map.Entry<String, String> prefix : PREFIXES.entrySet()) {
            if (name.startsWith(prefix.getKey())) {
                name = name.substring(prefix.getKey().length());
                component = prefix.getValue();
                break;
            }
        }
        if (component.equals(UNET) && flat(name).matches(TRANSFORMER_LAYERS)) {
            component = TRANSFORMER;
        }
        Float alpha = commonAlpha.get(component);
        return layers.computeIfAbsent(component, missing -> new LinkedHashMap<>())
                .computeIfAbsent(flat(name.replace(".processor.", ".")), missing -> new LayerTensors(file, alpha));
    }

    /** Kohya's naming keeps no dots, so that all are compared without. */
    private static String flat(String layer) {
        String flat = layer.replace('.', '_');
        return flat.startsWith("text_model_") ? flat.substring("text_model_".length()) : flat;
    }

    /** Whether it has layers of a component. */
    public boolean concerns(String component) {
        return layers.containsKey(component);
    }

    /**
     * What is to be done to a component's tensors, by their names.
     *
     * @throws InputException if a layer is not the network's, is not complete, or does not fit it
     */
    public Map<String, Adapter> adapters(String component, Weights network) {
        Map<String, List<Arranged>> arranged = arranged(network);
        Map<String, String> modules = modules(network, arranged.keySet());
        Map<String, LayerTensors> adapted = layers.getOrDefault(component, Map.of());
        List<LayerTensors> strangers = adapted.entrySet().stream()
                .filter(layer -> !modules.containsKey(layer.getKey()) && !arranged.containsKey(layer.getKey())
                        && !isUnused(layer.getKey(), modules))
                .map(Map.Entry::getValue).toList();
        if (!strangers.isEmpty()) {
            throw new InputException(file.source() + ": expected layers of the model's " + COMPONENTS.get(component)
                    + ", found " + strangers.get(0).any()
                    + (strangers.size() > 1 ? " and " + (strangers.size() - 1) + " more that it does not have" : ""));
        }
        var adapters = new LinkedHashMap<String, Adapter>();
        adapted.forEach((name, layer) -> {
            String module = modules.get(name);
            arranged.getOrDefault(name, List.of()).forEach(part -> {
                Target rows = Target.of(network, part.module + ".weight");
                add(adapters, layer, rows, new LoraAdapter(layer, rows, part.place.part(), part.place.parts(), part.swapped));
            });
            boolean found = module == null;
            for (Kind kind : module == null ? List.<Kind>of() : KINDS) {
                if (layer.hasAny(kind.parts)) {
                    Target weight = Target.of(network, module + ".weight");
                    add(adapters, layer, weight, weightAdapter(layer, kind, weight));
                    found = true;
                }
            }
            for (String part : List.of("diff_b", "b_norm")) {
                if (module != null && layer.has(part)) {
                    Target bias = Target.of(network, module + ".bias");
                    add(adapters, layer, bias, new FullAdapter(layer, part, bias));
                    found = true;
                }
            }
            if (!found) {
                throw new InputException(file.source() + ": expected an adapter beside " + layer.any()
                        + ", found none");
            }
        });
        return adapters;
    }

    private static Adapter weightAdapter(LayerTensors layer, Kind kind, Target target) {
        Adapter adapter = kind.maker.apply(layer, target);
        boolean decomposed = layer.has(DoraAdapter.SCALE) || layer.has(DoraAdapter.MAGNITUDE);
        return decomposed ? new DoraAdapter(adapter, layer, target) : adapter;
    }

    private void add(Map<String, Adapter> adapters, LayerTensors layer, Target target, Adapter adapter) {
        if (adapters.put(target.name(), adapter) != null) {
            throw new InputException(file.source() + ": expected one adapter of " + target.name()
                    + ", found another with " + layer.any());
        }
    }

    /**
     * Where a transformer's layer is in the original naming, if not as it is.
     *
     * @param place   its part of a packed layer
     * @param swapped whether the halves of its rows are exchanged: shift before scale
     */
    private record Arranged(String module, MmditNames.Place place, boolean swapped) {
    }

    /** These layers of a transformer, by the name that they have there; several for a packed one. */
    private static Map<String, List<Arranged>> arranged(Weights network) {
        var arranged = new LinkedHashMap<String, List<Arranged>>();
        for (String module : weightModules(network)) {
            MmditNames.Place place = place(module);
            boolean last = module.endsWith(".norm1_context.linear")
                    && !network.has(module.replace("norm1_context.linear", "attn.to_add_out") + ".weight");
            boolean swapped = last || module.equals("norm_out.linear");
            if (place != null && (place.parts() > 1 || swapped)) {
                arranged.computeIfAbsent(flat(place.name()), missing -> new ArrayList<>())
                        .add(new Arranged(module, place, swapped));
            }
        }
        return arranged;
    }

    private static List<String> weightModules(Weights network) {
        return network.names().stream().filter(tensor -> tensor.endsWith(".weight"))
                .map(tensor -> tensor.substring(0, tensor.lastIndexOf('.'))).toList();
    }

    /** Where a layer of Stable Diffusion 3's transformer is in the original naming, in full; null for another. */
    private static MmditNames.Place place(String module) {
        Matcher block = BLOCK.matcher(module);
        if (!block.matches()) {
            String name = MmditNames.OUTSIDE.get(module);
            return name == null ? null : new MmditNames.Place(name, 0, 1);
        }
        MmditNames.Place place = MmditNames.IN_BLOCK.get(block.group("layer"));
        return place == null ? null : new MmditNames.Place(MmditNames.ORIGINAL_BLOCKS + block.group("number") + "."
                + place.name(), place.part(), place.parts());
    }

    private static boolean isUnused(String layer, Map<String, String> modules) {
        Matcher unused = UNUSED.matcher(layer);
        return unused.matches() && modules.containsKey(unused.group(1) + "k_proj");
    }

    /**
     * The modules that have weights or biases, by the names that they have here.
     *
     * @param arranged names of layers that are stored otherwise, which are none of these
     */
    private static Map<String, String> modules(Weights network, Set<String> arranged) {
        var modules = new LinkedHashMap<String, String>();
        for (String tensor : network.names()) {
            if (tensor.endsWith(".weight") || tensor.endsWith(".bias")) {
                String module = tensor.substring(0, tensor.lastIndexOf('.'));
                String flat = flat(module);
                modules.put(flat, module);
                OLD_NAMES.forEach((old, today) -> {
                    if (flat.endsWith(today)) {
                        modules.put(flat.substring(0, flat.length() - today.length()) + old, module);
                    }
                });
            }
        }
        for (String module : weightModules(network)) {
            MmditNames.Place place = place(module);
            if (place != null && !arranged.contains(flat(place.name()))) {
                modules.putIfAbsent(flat(place.name()), module);
            }
        }
        OriginalUNetNames.of(new LinkedHashSet<>(modules.values())).forEach((module, original) ->
                modules.putIfAbsent(flat(original), module));
        return modules;
    }

    @Override
    public void close() {
        file.close();
    }
}
