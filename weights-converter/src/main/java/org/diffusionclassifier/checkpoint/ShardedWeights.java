package org.diffusionclassifier.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.diffusionclassifier.config.JsonConfig;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.tensor.Weights;

/**
 * Weights in several files, with an index that says which tensor is in which ({@code weight_map}, as transformers' and
 * diffusers' {@code save_pretrained} write it).
 */
final class ShardedWeights implements Weights {

    private final Path index;
    private final Map<String, Weights> holders;
    private final Collection<Weights> shards;

    private ShardedWeights(Path index, Map<String, Weights> holders, Collection<Weights> shards) {
        this.index = index;
        this.holders = Collections.unmodifiableMap(holders);
        this.shards = shards;
    }

    /** @throws InputException if the index or a shard is malformed, or they do not fit together */
    static ShardedWeights open(Path index, WeightsFormat format) {
        var holders = new LinkedHashMap<String, Weights>();
        var shards = new LinkedHashMap<String, Weights>();
        var weights = new ShardedWeights(index, holders, shards.values());
        try {
            for (Map.Entry<String, JsonNode> entry : weightMap(index).properties()) {
                String name = entry.getKey();
                String shard = shardName(index, name, entry.getValue(), format);
                Weights holder = shards.computeIfAbsent(shard,
                        missing -> WeightsFile.openStored(index.resolveSibling(missing)));
                if (!holder.has(name)) {
                    throw new InputException(index + ": expected tensor " + name + " in " + shard
                            + ", found none of that name");
                }
                holders.put(name, holder);
            }
            return weights;
        } catch (RuntimeException e) {
            weights.close();
            throw e;
        }
    }

    /**
     * The index and the shards that it names.
     *
     * @throws InputException if the index is malformed
     */
    static List<Path> files(Path index, WeightsFormat format) {
        var files = new LinkedHashSet<Path>();
        files.add(index);
        weightMap(index).properties().forEach(entry ->
                files.add(index.resolveSibling(shardName(index, entry.getKey(), entry.getValue(), format))));
        return List.copyOf(files);
    }

    private static JsonNode weightMap(Path index) {
        var json = JsonConfig.read(index);
        JsonNode weightMap = json.get("weight_map");
        if (!weightMap.isObject()) {
            throw json.unsupported("weight_map", "an object of tensor names and shards");
        }
        return weightMap;
    }

    /** Shards lie beside their index: a name that leads elsewhere is refused. */
    private static String shardName(Path index, String tensor, JsonNode node, WeightsFormat format) {
        String name = node.asText();
        if (!node.isTextual() || !name.endsWith(format.suffix()) || name.contains("/") || name.contains("\\")
                || name.contains("..")) {
            throw new InputException(index + ": tensor " + tensor + ": expected a " + format.suffix()
                    + " file beside the index, found " + JsonConfig.excerpt(node));
        }
        return name;
    }

    @Override
    public String source() {
        return index.toString();
    }

    @Override
    public Set<String> names() {
        return holders.keySet();
    }

    @Override
    public List<Integer> shape(String name) {
        return holder(name).shape(name);
    }

    @Override
    public DType dtype(String name) {
        return holder(name).dtype(name);
    }

    @Override
    public void readStored(String name, long first, ByteBuffer destination) {
        holder(name).readStored(name, first, destination);
    }

    private Weights holder(String name) {
        Weights holder = holders.get(name);
        if (holder == null) {
            throw new InputException(index + ": no tensor " + name);
        }
        return holder;
    }

    @Override
    public void close() {
        shards.forEach(Weights::close);
    }
}
