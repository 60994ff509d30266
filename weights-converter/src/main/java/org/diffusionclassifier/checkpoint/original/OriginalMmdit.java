package org.diffusionclassifier.checkpoint.original;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.diffusionclassifier.checkpoint.original.RenamedWeights.Stored;
import org.diffusionclassifier.config.MmditConfig;
import org.diffusionclassifier.tensor.Weights;

/**
 * Stable Diffusion 3's transformer under {@linkplain MmditNames its original names}. Two of its modulations, the last
 * block's of the caption and that of the output, have shift before scale there, and scale before shift in diffusers' form.
 */
final class OriginalMmdit extends LdmNetwork {

    /** Channels a head where no norm shows them: of all published ones. */
    private static final int HEAD_WIDTH = 64;

    private final int layers = count("joint_blocks");
    private final boolean normalised = has("joint_blocks.0.x_block.attn.ln_q.weight");
    private final Set<String> swapped = new LinkedHashSet<>(Set.of("norm_out.linear"));

    /** @throws org.diffusionclassifier.tensor.InputException if it has no blocks */
    OriginalMmdit(Weights file, String prefix) {
        super(file, prefix);
        if (layers < 1) {
            throw unsupported("joint_blocks", "none");
        }
        MmditNames.OUTSIDE.forEach(this::put);
        for (int i = 0; i < layers; i++) {
            String block = MmditNames.BLOCKS + i + ".";
            String stored = MmditNames.ORIGINAL_BLOCKS + i + ".";
            MmditNames.IN_BLOCK.forEach((layer, place) ->
                    put(block + layer, new Stored(stored + place.name(), place.part(), place.parts())));
        }
        swapped.add(MmditNames.BLOCKS + (layers - 1) + ".norm1_context.linear");
    }

    /** The tensors under diffusers' names. */
    @Override
    Weights weights() {
        return new SwappedHalves(super.weights(), swapped);
    }

    /**
     * The configuration.
     *
     * @param sampleSize of the latents that the model was trained on, which no tensor shows
     * @throws org.diffusionclassifier.tensor.InputException if a tensor that shows a size is missing, or sizes do not fit
     */
    MmditConfig config(int sampleSize) {
        int width = dim("x_embedder.proj.weight", 0, 4);
        int patch = dim("x_embedder.proj.weight", 2, 4);
        int positions = (int) Math.round(Math.sqrt(dim("pos_embed", 1, 3)));
        int headWidth = normalised ? dim("joint_blocks.0.x_block.attn.ln_q.weight", 0, 1) : HEAD_WIDTH;
        requireMultiples(List.of(width), headWidth);
        if (sampleSize % patch != 0 || sampleSize / patch > positions) {
            throw unsupported("latents in multiples of " + patch + ", of " + patch * positions + " at most", sampleSize);
        }
        return new MmditConfig(sampleSize, dim("x_embedder.proj.weight", 1, 4),
                dim("final_layer.linear.weight", 0, 2) / (patch * patch), patch, layers, width / headWidth, headWidth,
                dim("context_embedder.weight", 1, 2), dim("y_embedder.mlp.0.weight", 1, 2), positions, normalised,
                IntStream.range(0, layers).filter(i -> has("joint_blocks." + i + ".x_block.attn2.qkv.weight")).boxed()
                        .toList());
    }
}
