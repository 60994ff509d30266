package org.diffusionclassifier.checkpoint.adapter;

/**
 * LoRA (Hu et al. 2021, arXiv 2106.09685), and of convolutions LoCon:
 *
 * <pre>
 *   W′ = W + alpha / rank · up · down           up [out, rank], down [rank, in · pixels]
 *   W′ = W + alpha / rank · up · (mid, down)    mid [rank, rank, height, width], down [rank, in]
 * </pre>
 *
 * The latter is Tucker's decomposition ({@link LowRankProduct}). DyLoRA's files have the former, of the rank that was
 * wanted last.
 */
final class LoraAdapter implements Adapter {

    static final String DOWN = "lora_down";
    static final String UP = "lora_up";
    static final String MID = "lora_mid";

    private final LayerTensors layer;
    private final Target target;
    private final int rank;

    LoraAdapter(LayerTensors layer, Target target) {
        this.layer = layer;
        this.target = target;
        layer.shape(UP);
        this.rank = layer.shape(DOWN).isEmpty() ? 0 : layer.dim(DOWN, 0);
        boolean tucker = layer.has(MID);
        int columns = tucker ? target.in() : target.row();
        boolean fits = rank > 0 && layer.dim(DOWN, 1) == target.in() && layer.dim(UP, 0) == target.out()
                && layer.dim(UP, 1) == rank && layer.elements(DOWN) == (long) rank * columns
                && layer.elements(UP) == (long) target.out() * rank;
        if (!fits) {
            throw layer.wrong(DOWN, "[rank, " + target.in()
                    + (target.pixels() > 1 && !tucker ? ", height, width]" : "]")
                    + " and with it [" + target.out() + ", rank] for " + target.name() + " " + target.shape(), UP);
        }
        if (tucker) {
            layer.requireElements(MID, "[" + rank + ", " + rank + ", height, width] for " + target.name() + " "
                    + target.shape(), rank, rank, target.pixels());
        }
    }

    @Override
    public void adapt(float[] weights) {
        float[] right = layer.has(MID) ? layer.tucker(MID, DOWN, rank, target.pixels()) : layer.values(DOWN);
        var product = new LowRankProduct(layer.values(UP), right, rank);
        float scale = layer.scale(rank);
        for (int row = 0; row < target.out(); row++) {
            product.addRow(row, scale, weights, row * target.row());
        }
    }
}
