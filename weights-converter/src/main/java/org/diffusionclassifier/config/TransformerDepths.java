package org.diffusionclassifier.config;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.diffusionclassifier.config.UNetConfig.BlockKind;
import org.diffusionclassifier.config.UNetConfig.MidBlock;

/**
 * How many transformer blocks follow each resnet of a UNet. diffusers' {@code transformer_layers_per_block} has one number
 * for all levels, one for each, or a list with one for each resnet of a level. The way up has the same in reverse unless
 * {@code reverse_transformer_layers_per_block} says otherwise.
 *
 * @param down by level and layer on the way down; 0 in levels without attention
 * @param mid  of the mid block; 0 if it has no attention or is absent
 * @param up   by level and layer on the way up, in its order
 */
public record TransformerDepths(List<List<Integer>> down, int mid, List<List<Integer>> up) {

    private static final String DOWN = "transformer_layers_per_block";
    private static final String UP = "reverse_transformer_layers_per_block";
    private static final int MOST = 100;

    public TransformerDepths {
        down = down.stream().map(List::copyOf).toList();
        up = up.stream().map(List::copyOf).toList();
    }

    /**
     * Of as many blocks behind every resnet of a level, on the way down and up.
     *
     * @param levels        blocks by level, in the order of the way down; the last is the mid block's, too
     * @param layersPerBlock resnets a level on the way down
     */
    static TransformerDepths ofLevels(List<Integer> levels, List<BlockKind> downKinds, List<BlockKind> upKinds,
                                      List<Integer> layersPerBlock, MidBlock midBlock) {
        int last = levels.size() - 1;
        return new TransformerDepths(
                IntStream.rangeClosed(0, last).mapToObj(i -> Collections.nCopies(layersPerBlock.get(i),
                        attends(downKinds, i) ? levels.get(i) : 0)).toList(),
                midBlock == MidBlock.CROSS_ATTENTION ? levels.get(last) : 0,
                IntStream.rangeClosed(0, last).mapToObj(i -> Collections.nCopies(layersPerBlock.get(last - i) + 1,
                        attends(upKinds, i) ? levels.get(last - i) : 0)).toList());
    }

    /** @throws org.diffusionclassifier.tensor.InputException for numbers that do not fit the blocks */
    static TransformerDepths read(JsonConfig json, List<BlockKind> downKinds, List<BlockKind> upKinds,
                                  List<Integer> layersPerBlock, MidBlock midBlock) {
        int last = layersPerBlock.size() - 1;
        List<JsonNode> stated = levels(json, DOWN, last + 1);
        List<List<Integer>> down = IntStream.rangeClosed(0, last).mapToObj(i -> depths(json, DOWN, stated.get(i),
                layersPerBlock.get(i), attends(downKinds, i))).toList();
        int mid = midBlock == MidBlock.CROSS_ATTENTION ? depths(json, DOWN, stated.get(last), 1, true).get(0) : 0;
        List<JsonNode> upwards;
        if (JsonConfig.isOff(json.get(UP))) {
            if (stated.stream().anyMatch(JsonNode::isArray)) {
                throw json.unsupported(UP, "a list, as " + DOWN + " has lists");
            }
            upwards = new ArrayList<>(stated);
            Collections.reverse(upwards);
        } else {
            upwards = levels(json, UP, last + 1);
        }
        return new TransformerDepths(down, mid, IntStream.rangeClosed(0, last).mapToObj(i -> depths(json,
                JsonConfig.isOff(json.get(UP)) ? DOWN : UP, upwards.get(i), layersPerBlock.get(last - i) + 1,
                attends(upKinds, i))).toList());
    }

    private static boolean attends(List<BlockKind> kinds, int level) {
        return kinds.get(level) == BlockKind.CROSS_ATTENTION;
    }

    /** What is stated of each level: one value for all counts for each. */
    private static List<JsonNode> levels(JsonConfig json, String key, int levels) {
        JsonNode value = json.get(key);
        if (!value.isArray()) {
            return Collections.nCopies(levels, JsonConfig.of("", Map.of(key, json.integer(key, 1))).get(key));
        }
        if (value.size() != levels) {
            throw json.unsupported(key, "an integer, or a list of " + levels + " as block_out_channels has");
        }
        return value.valueStream().toList();
    }

    /** The blocks of one level, by layer. What is stated of a level without attention does not matter. */
    private static List<Integer> depths(JsonConfig json, String key, JsonNode stated, int layers, boolean attends) {
        if (!attends) {
            return Collections.nCopies(layers, 0);
        }
        List<JsonNode> each = stated.isArray() ? stated.valueStream().toList() : Collections.nCopies(layers, stated);
        if (each.size() != layers || !each.stream().allMatch(depth -> depth.isInt() && depth.intValue() >= 1
                && depth.intValue() <= MOST)) {
            throw json.unsupported(key, "for each level with attention an integer from 1 to " + MOST
                    + ", or a list of as many as it has resnets");
        }
        return each.stream().map(JsonNode::intValue).toList();
    }

    /** Adds what {@link #read} gives this again from. */
    void toDiffusers(Map<String, Object> json) {
        int last = down.size() - 1;
        var levels = new ArrayList<Object>();
        boolean mirrored = true;
        for (int i = 0; i <= last; i++) {
            Object here = ofLevel(down.get(i));
            Object above = ofLevel(up.get(last - i));
            if (here.equals(0)) {
                here = above.equals(0) && i == last ? mid : above instanceof Integer ? above : 0;
            }
            mirrored &= here instanceof Integer && (above.equals(0) || above.equals(here));
            levels.add(here);
        }
        json.put(DOWN, levels);
        if (!mirrored) {
            json.put(UP, up.stream().map(TransformerDepths::ofLevel).toList());
        }
    }

    /** One number if all layers have the same, else a list. */
    private static Object ofLevel(List<Integer> depths) {
        return depths.stream().distinct().count() == 1 ? (Object) depths.get(0) : depths;
    }
}
