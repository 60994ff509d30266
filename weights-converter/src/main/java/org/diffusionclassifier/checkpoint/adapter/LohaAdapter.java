package org.diffusionclassifier.checkpoint.adapter;

/**
 * LoHa, the Hadamard product of two products of low rank (Hyeon-Woo et al. 2022, FedPara, arXiv 2108.06098, section 2;
 * in LyCORIS's naming):
 *
 * <pre>
 *   W′ = W + alpha / rank · (w1_a · w1_b) ⊙ (w2_a · w2_b)          w_a [out, rank], w_b [rank, in · pixels]
 * </pre>
 *
 * With cores t1, t2 [rank, rank, height, width] each product is Tucker's ({@link LowRankProduct}), and each w_a is
 * [rank, out].
 */
final class LohaAdapter implements Adapter {

    private final LayerTensors layer;
    private final Target target;
    private final int rank;
    private final boolean tucker;

    LohaAdapter(LayerTensors layer, Target target) {
        this.layer = layer;
        this.target = target;
        this.rank = Math.max(1, layer.dim("hada_w1_b", 0));
        this.tucker = layer.has("hada_t1") || layer.has("hada_t2");
        for (int i = 1; i <= 2; i++) {
            String suffix = " of rank " + rank + " for " + target.name() + " " + target.shape();
            layer.requireElements("hada_w" + i + "_a", "a factor of the outputs" + suffix, target.out(), rank);
            layer.requireElements("hada_w" + i + "_b", "a factor of the inputs" + suffix, rank,
                    tucker ? target.in() : target.row());
            if (tucker) {
                layer.requireElements("hada_t" + i, "a core" + suffix, rank, rank, target.pixels());
            }
        }
    }

    @Override
    public void adapt(float[] weights) {
        LowRankProduct first = product(1);
        LowRankProduct second = product(2);
        float scale = layer.scale(rank);
        for (int row = 0; row < target.out(); row++) {
            var left = new float[target.row()];
            var right = new float[target.row()];
            first.addRow(row, scale, left, 0);
            second.addRow(row, 1, right, 0);
            for (int column = 0; column < left.length; column++) {
                weights[row * left.length + column] += left[column] * right[column];
            }
        }
    }

    private LowRankProduct product(int i) {
        float[] outputs = layer.values("hada_w" + i + "_a");
        String inputs = "hada_w" + i + "_b";
        return tucker ? new LowRankProduct(LowRankProduct.transposed(outputs, rank),
                layer.tucker("hada_t" + i, inputs, rank, target.pixels()), rank)
                : new LowRankProduct(outputs, layer.values(inputs), rank);
    }
}
