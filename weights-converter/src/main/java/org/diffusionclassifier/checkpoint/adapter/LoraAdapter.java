package org.diffusionclassifier.checkpoint.adapter;

import java.util.Arrays;

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
    private final int part;
    private final boolean swapped;

    LoraAdapter(LayerTensors layer, Target target) {
        this(layer, target, 0, 1, false);
    }

    /**
     * Of a layer whose rows the file has otherwise.
     *
     * @param part    which of the layer's equal parts of rows the target is, from 0
     * @param parts   how many there are
     * @param swapped whether the halves of the rows are exchanged
     */
    LoraAdapter(LayerTensors layer, Target target, int part, int parts, boolean swapped) {
        this.layer = layer;
        this.target = target;
        this.part = part;
        this.swapped = swapped;
        layer.shape(UP);
        this.rank = layer.shape(DOWN).isEmpty() ? 0 : layer.dim(DOWN, 0);
        boolean tucker = layer.has(MID);
        int columns = tucker ? target.in() : target.row();
        boolean fits = rank > 0 && layer.dim(DOWN, 1) == target.in() && layer.dim(UP, 0) == parts * target.out()
                && layer.dim(UP, 1) == rank && layer.elements(DOWN) == (long) rank * columns
                && layer.elements(UP) == (long) parts * target.out() * rank;
        if (!fits) {
            throw layer.wrong(DOWN, "[rank, " + target.in()
                    + (target.pixels() > 1 && !tucker ? ", height, width]" : "]")
                    + " and with it [" + parts * target.out() + ", rank] for " + target.name() + " " + target.shape(), UP);
        }
        if (tucker) {
            layer.requireElements(MID, "[" + rank + ", " + rank + ", height, width] for " + target.name() + " "
                    + target.shape(), rank, rank, target.pixels());
        }
    }

    @Override
    public void adapt(float[] weights) {
        float[] right = layer.has(MID) ? layer.tucker(MID, DOWN, rank, target.pixels()) : layer.values(DOWN);
        int rows = target.out() * rank;
        float[] left = Arrays.copyOfRange(layer.values(UP), part * rows, (part + 1) * rows);
        if (swapped) {
            float[] first = Arrays.copyOf(left, rows / 2);
            System.arraycopy(left, rows / 2, left, 0, rows / 2);
            System.arraycopy(first, 0, left, rows / 2, rows / 2);
        }
        var product = new LowRankProduct(left, right, rank);
        float scale = layer.scale(rank);
        for (int row = 0; row < target.out(); row++) {
            product.addRow(row, scale, weights, row * target.row());
        }
    }
}
