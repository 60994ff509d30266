package org.diffusionclassifier.checkpoint.original;

import org.diffusionclassifier.config.T5Config;
import org.diffusionclassifier.tensor.Weights;

/** T5's encoder in a file of Stable Diffusion 3, which keeps it as transformers names it. */
final class OriginalT5 extends LdmNetwork {

    private static final String ATTENTION = "encoder.block.0.layer.0.SelfAttention.";

    OriginalT5(Weights file, String prefix) {
        super(file, prefix);
        put("shared", "shared");
        put("encoder", "encoder");
    }

    /**
     * The configuration; that distances of 128 and more share a bucket, no tensor shows: so it is in all of T5.
     *
     * @throws org.diffusionclassifier.tensor.InputException if a tensor that shows a size is missing, or sizes do not fit
     */
    T5Config config() {
        T5Config xxl = T5Config.xxl();
        int inner = dim(ATTENTION + "q.weight", 0, 2);
        int heads = dim(ATTENTION + "relative_attention_bias.weight", 1, 2);
        if (inner % heads != 0) {
            throw unsupported("queries in a multiple of " + heads + " heads", inner);
        }
        return new T5Config(dim("shared.weight", 0, 2), dim("shared.weight", 1, 2),
                dim("encoder.block.0.layer.1.DenseReluDense.wi_0.weight", 0, 2), count("encoder.block"), heads,
                inner / heads, dim(ATTENTION + "relative_attention_bias.weight", 0, 2), xxl.farthest(), xxl.normEps());
    }
}
