package org.diffusionclassifier.checkpoint.original;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.diffusionclassifier.checkpoint.original.RenamedWeights.Stored;
import org.diffusionclassifier.config.DitConfig;
import org.diffusionclassifier.config.ScheduleConfig.BetaSchedule;
import org.diffusionclassifier.config.ScheduleConfig.PredictionType;
import org.diffusionclassifier.config.ScheduleConfig;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.tensor.Weights;

/**
 * A DiT in the naming of its original implementation (facebookresearch/DiT, {@code models.py}), which is the transformer
 * alone:
 *
 * <pre>
 *     x_embedder.proj                 pos_embed.proj
 *     t_embedder.mlp.0, 2             timestep_embedder.linear_1, linear_2 of every block's norm1.emb
 *     y_embedder.embedding_table      class_embedder.embedding_table, likewise
 *     blocks.N.adaLN_modulation.1     transformer_blocks.N.norm1.linear
 *     blocks.N.attn.qkv, proj         attn1.to_q, to_k, to_v, packed; to_out.0
 *     blocks.N.mlp.fc1, fc2           ff.net.0.proj, ff.net.2
 *     final_layer.adaLN_modulation.1  proj_out_1
 *     final_layer.linear              proj_out_2
 *     pos_embed                       none: it is computed, and only shows the size of the latent
 * </pre>
 *
 * A training checkpoint's averaged weights stand under {@code ema} and are taken from there. The classes have no names.
 */
final class DitNaming implements OriginalNaming {

    private static final String PATCHES = "x_embedder.proj.weight";
    private static final String LABELS = "y_embedder.embedding_table.weight";

    /** What tensors do not show: the heads of each width of the family (Peebles and Xie, 2023, table 1). */
    private static final Map<Integer, Integer> HEADS = Map.of(384, 6, 768, 12, 1024, 16, 1152, 16);

    /** Numbers of more than three digits, which no network has, would let a file's names decide how much is built. */
    private static final int MOST_LAYERS = 1000;

    /** That of all published DiTs. */
    private static final ScheduleConfig SCHEDULE =
            new ScheduleConfig(1000, 1e-4, 0.02, BetaSchedule.LINEAR, PredictionType.EPSILON);

    @Override
    public boolean recognises(Weights file) {
        return file.has("ema." + PATCHES) && file.has("ema." + LABELS) || file.has(PATCHES) && file.has(LABELS);
    }

    /** Not: all that is not in the tensors is the same for all published models. */
    @Override
    public boolean takesSettings() {
        return false;
    }

    @Override
    public OriginalModel read(Weights file, Settings settings) {
        Weights transformer = file.has("ema." + PATCHES) ? file.at("ema") : file;
        DitConfig config = config(transformer);
        return new OriginalModel(Map.of("transformer", new OriginalModel.Network(config.toDiffusers(),
                () -> weights(transformer, config.layers()))), SCHEDULE.toDiffusers(), Map.of(), false, List.of());
    }

    /** Everything but the heads is in the tensors' shapes. */
    private static DitConfig config(Weights w) {
        List<Integer> patches = shape(w, PATCHES, 4);
        List<Integer> positions = shape(w, "pos_embed", 3);
        int width = patches.get(0);
        int patch = patches.get(2);
        int grid = (int) Math.round(Math.sqrt(positions.get(1)));
        int layers = 0;
        while (layers < MOST_LAYERS && w.has("blocks." + layers + ".attn.qkv.weight")) {
            layers++;
        }
        if (!HEADS.containsKey(width)) {
            throw wrong(w, PATCHES, "a width of 384, 768, 1024 or 1152, as DiT has", width);
        }
        if (!positions.equals(List.of(1, grid * grid, width))) {
            throw wrong(w, "pos_embed", "shape [1, g², " + width + "], a row for each patch of a square", positions);
        }
        int perPatch = patch * patch;
        int out = shape(w, "final_layer.linear.weight", 2).get(0);
        int in = patches.get(1);
        if (out != in * perPatch && out != 2 * in * perPatch) {
            throw wrong(w, "final_layer.linear.weight", in * perPatch + " rows, or twice as many", out);
        }
        if (layers == 0) {
            throw new InputException(w.source() + ": no tensor blocks.0.attn.qkv.weight");
        }
        int labels = shape(w, LABELS, 2).get(0) - 1;
        if (labels < 1) {
            throw wrong(w, LABELS, "a row for each label and one for none", labels + 1);
        }
        return new DitConfig(grid * patch, in, out / perPatch, patch, layers, HEADS.get(width),
                width / HEADS.get(width), labels, 1e-6f, 0);
    }

    private static List<Integer> shape(Weights w, String tensor, int rank) {
        if (!w.has(tensor)) {
            throw new InputException(w.source() + ": expected a DiT in the original naming, found no tensor " + tensor);
        }
        List<Integer> shape = w.shape(tensor);
        if (shape.size() != rank || shape.stream().anyMatch(size -> size < 1)) {
            throw wrong(w, tensor, rank + " dimensions", shape);
        }
        return shape;
    }

    private static InputException wrong(Weights w, String tensor, String expected, Object found) {
        return new InputException(w.source() + ": tensor " + tensor + ": expected " + expected + ", found " + found);
    }

    private static Weights weights(Weights transformer, int layers) {
        var modules = new LinkedHashMap<String, Stored>();
        put(modules, "pos_embed.proj", "x_embedder.proj");
        for (int i = 0; i < layers; i++) {
            String here = "transformer_blocks." + i + ".";
            String stored = "blocks." + i + ".";
            put(modules, here + "norm1.emb.timestep_embedder.linear_1", "t_embedder.mlp.0");
            put(modules, here + "norm1.emb.timestep_embedder.linear_2", "t_embedder.mlp.2");
            put(modules, here + "norm1.emb.class_embedder.embedding_table", "y_embedder.embedding_table");
            put(modules, here + "norm1.linear", stored + "adaLN_modulation.1");
            List<String> packed = List.of("to_q", "to_k", "to_v");
            for (int part = 0; part < packed.size(); part++) {
                modules.put(here + "attn1." + packed.get(part), new Stored(stored + "attn.qkv", part, packed.size()));
            }
            put(modules, here + "attn1.to_out.0", stored + "attn.proj");
            put(modules, here + "ff.net.0.proj", stored + "mlp.fc1");
            put(modules, here + "ff.net.2", stored + "mlp.fc2");
        }
        put(modules, "proj_out_1", "final_layer.adaLN_modulation.1");
        put(modules, "proj_out_2", "final_layer.linear");
        return new RenamedWeights(transformer, modules);
    }

    private static void put(Map<String, Stored> modules, String here, String stored) {
        modules.put(here, Stored.whole(stored));
    }
}
