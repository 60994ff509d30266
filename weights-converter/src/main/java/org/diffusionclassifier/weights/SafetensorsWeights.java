package org.diffusionclassifier.weights;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The weights of one component of a diffusers directory: a safetensors file, or several with an index that says which
 * tensor is in which ({@code weight_map}, as transformers' and diffusers' {@code save_pretrained} write it).
 */
public final class SafetensorsWeights implements Weights {

    private final Path source;
    private final Map<String, SafetensorsFile> holders;
    private final Collection<SafetensorsFile> files;

    private SafetensorsWeights(Path source, Map<String, SafetensorsFile> holders, Collection<SafetensorsFile> files) {
        this.source = source;
        this.holders = Collections.unmodifiableMap(holders);
        this.files = files;
    }

    /**
     * Opens the weights in {@code component}: full precision before the fp16 variant, one file before several.
     *
     * @param stem what the files' names begin with: {@code diffusion_pytorch_model} for a UNet or VAE, {@code model}
     *             for a text encoder
     * @throws InputException if there are none, only ones in another format than safetensors, or malformed ones
     */
    public static SafetensorsWeights open(Path component, String stem) {
        for (String name : List.of(
                stem + ".safetensors",
                stem + ".safetensors.index.json",
                stem + ".fp16.safetensors",
                stem + ".safetensors.index.fp16.json",
                stem + ".fp16.safetensors.index.json")) {
            Path file = component.resolve(name);
            if (Files.exists(file)) {
                return name.endsWith(".json") ? openShards(file) : openFile(file);
            }
        }
        try (var pickles = Files.newDirectoryStream(component, "*.bin")) {
            for (Path pickle : pickles) {
                throw new InputException(pickle + ": expected weights as safetensors (" + stem
                        + ".safetensors), found a PyTorch .bin file");
            }
        } catch (IOException e) {
            throw InputException.unreadable(component, e);
        }
        throw new InputException(component + ": no " + stem
                + ".safetensors, nor its fp16 variant or an index of shards");
    }

    /** Opens one file, whatever its name. */
    static SafetensorsWeights openFile(Path path) {
        SafetensorsFile file = SafetensorsFile.open(path);
        var holders = new LinkedHashMap<String, SafetensorsFile>();
        file.tensors().keySet().forEach(name -> holders.put(name, file));
        return new SafetensorsWeights(path, holders, List.of(file));
    }

    private static SafetensorsWeights openShards(Path index) {
        var json = JsonConfig.read(index);
        JsonNode weightMap = json.get("weight_map");
        if (!weightMap.isObject()) {
            throw json.unsupported("weight_map", "an object of tensor names and shards");
        }
        var holders = new LinkedHashMap<String, SafetensorsFile>();
        var shards = new LinkedHashMap<String, SafetensorsFile>();
        var weights = new SafetensorsWeights(index, holders, shards.values());
        try {
            for (Map.Entry<String, JsonNode> entry : weightMap.properties()) {
                String name = entry.getKey();
                String shard = shardName(index, name, entry.getValue());
                SafetensorsFile file = shards.computeIfAbsent(shard,
                        missing -> SafetensorsFile.open(index.resolveSibling(missing)));
                if (!file.tensors().containsKey(name)) {
                    throw new InputException(index + ": expected tensor " + name + " in " + shard
                            + ", found none of that name");
                }
                holders.put(name, file);
            }
            return weights;
        } catch (RuntimeException e) {
            weights.close();
            throw e;
        }
    }

    /** Shards lie beside their index: a name that leads elsewhere is refused. */
    private static String shardName(Path index, String tensor, JsonNode node) {
        String name = node.asText();
        if (!node.isTextual() || !name.endsWith(".safetensors") || name.contains("/") || name.contains("\\")
                || name.contains("..")) {
            throw new InputException(index + ": tensor " + tensor + ": expected a safetensors file beside the index, "
                    + "found " + JsonConfig.excerpt(node));
        }
        return name;
    }

    @Override
    public String source() {
        return source.toString();
    }

    @Override
    public Set<String> names() {
        return holders.keySet();
    }

    @Override
    public List<Integer> shape(String name) {
        return holder(name).tensors().get(name).shape();
    }

    @Override
    public void read(String name, FloatBuffer destination) {
        holder(name).read(name, destination);
    }

    private SafetensorsFile holder(String name) {
        SafetensorsFile holder = holders.get(name);
        if (holder == null) {
            throw new InputException(source + ": no tensor " + name);
        }
        return holder;
    }

    @Override
    public void close() {
        files.forEach(SafetensorsFile::close);
    }
}
