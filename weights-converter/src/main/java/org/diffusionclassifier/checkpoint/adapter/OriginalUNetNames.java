package org.diffusionclassifier.checkpoint.adapter;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The names that a UNet's modules have in the original implementation, by which kohya names SDXL's layers. Its blocks are
 * numbered in one row, a level's last one on the way down being the change of size:
 *
 * <pre>
 *     down_blocks.1.attentions.0     input_blocks.4.1       with two residual blocks a level
 *     down_blocks.1.downsamplers.0   input_blocks.6.0
 *     mid_block.attentions.0         middle_block.1
 *     up_blocks.0.resnets.2          output_blocks.2.0
 * </pre>
 */
final class OriginalUNetNames {

    private static final Pattern BLOCK = Pattern.compile("(down|up)_blocks\\.(\\d{1,2})\\."
            + "(resnets|attentions|downsamplers|upsamplers)\\.(\\d{1,2})\\.(.+)");
    private static final Pattern MID = Pattern.compile("mid_block\\.(resnets|attentions)\\.(\\d)\\.(.+)");
    private static final Map<String, String> RESNET = Map.of("norm1", "in_layers.0", "conv1", "in_layers.2",
            "time_emb_proj", "emb_layers.1", "norm2", "out_layers.0", "conv2", "out_layers.3", "conv_shortcut",
            "skip_connection");
    private static final Map<String, String> OUTSIDE = Map.of("conv_in", "input_blocks.0.0", "conv_norm_out", "out.0",
            "conv_out", "out.2", "time_embedding.linear_1", "time_embed.0", "time_embedding.linear_2", "time_embed.2",
            "add_embedding.linear_1", "label_emb.0.0", "add_embedding.linear_2", "label_emb.0.2");

    private OriginalUNetNames() {
    }

    /** Of modules under diffusers' names; nothing of others. */
    static Map<String, String> of(Set<String> modules) {
        var resnets = new HashMap<String, Integer>();       // by "down.LEVEL" or "up.LEVEL"
        for (String module : modules) {
            Matcher block = BLOCK.matcher(module);
            if (block.matches() && block.group(3).equals("resnets")) {
                resnets.merge(block.group(1) + "." + block.group(2), Integer.parseInt(block.group(4)) + 1, Math::max);
            }
        }
        var names = new LinkedHashMap<String, String>();
        for (String module : modules) {
            String original = original(module, resnets, modules);
            if (original != null) {
                names.put(module, original);
            }
        }
        return names;
    }

    private static String original(String module, Map<String, Integer> resnets, Set<String> modules) {
        Matcher mid = MID.matcher(module);
        if (mid.matches()) {
            return mid.group(1).equals("attentions") ? "middle_block.1." + mid.group(3)
                    : "middle_block." + (mid.group(2).equals("0") ? 0 : 2) + "." + RESNET.get(mid.group(3));
        }
        Matcher block = BLOCK.matcher(module);
        if (!block.matches()) {
            return OUTSIDE.get(module);
        }
        String way = block.group(1);
        int level = Integer.parseInt(block.group(2));
        int before = 0;
        for (int i = 0; i < level; i++) {
            before += resnets.getOrDefault(way + "." + i, 0) + (way.equals("down") ? 1 : 0);
        }
        int here = resnets.getOrDefault(way + "." + level, 0);
        int layer = Integer.parseInt(block.group(4));
        String rest = block.group(5);
        return switch (block.group(3)) {
            case "resnets" -> numbered(way, before + layer) + ".0." + RESNET.get(rest);
            case "attentions" -> numbered(way, before + layer) + ".1." + rest;
            case "downsamplers" -> numbered(way, before + here) + ".0.op";
            default -> numbered(way, before + here - 1) + (modules.contains("up_blocks." + level + ".attentions.0.norm")
                    ? ".2." : ".1.") + rest;
        };
    }

    private static String numbered(String way, int block) {
        return way.equals("down") ? "input_blocks." + (1 + block) : "output_blocks." + block;
    }
}
