package org.diffusionclassifier.checkpoint.adapter;

/**
 * LoKr, a Kronecker product (Yeh et al. 2023, LyCORIS, arXiv 2309.14859, section 3; in LyCORIS's naming). With
 * out = a · b and in = c · d:
 *
 * <pre>
 *   W′ = W + scale · w1 ⊗ w2          w1 [a, c], w2 [b, d, height, width]
 *   W′[i·b + p, j·d + q, k] = W[i·b + p, j·d + q, k] + scale · w1[i, j] · w2[p, q, k]
 * </pre>
 *
 * Either factor may be a product of low rank, w1_a · w1_b, w2_a · w2_b, the latter with a core t2 for filters
 * ({@link LowRankProduct}; w2_a is [rank, b] then). The scale is alpha / rank, and 1 where neither is.
 */
final class LokrAdapter implements Adapter {

    private static final String W1 = "lokr_w1";
    private static final String W2 = "lokr_w2";
    private static final String CORE = "lokr_t2";

    private final LayerTensors layer;
    private final Target target;
    private final int a;
    private final int c;
    private final int b;
    private final int d;

    LokrAdapter(LayerTensors layer, Target target) {
        this.layer = layer;
        this.target = target;
        boolean tucker = layer.has(CORE);
        a = layer.has(W1) ? layer.dim(W1, 0) : layer.dim(W1 + "_a", 0);
        c = layer.has(W1) ? layer.dim(W1, 1) : layer.dim(W1 + "_b", 1);
        String expected = "factors of " + target.name() + " " + target.shape();
        if (a < 1 || c < 1 || target.out() % a != 0 || target.in() % c != 0) {
            throw layer.wrong(layer.has(W1) ? W1 : W1 + "_a", expected);
        }
        b = target.out() / a;
        d = target.in() / c;
        require(W1, expected, a, c);
        if (tucker) {
            int rank = layer.dim(CORE, 0);
            layer.requireElements(CORE, expected, rank, rank, target.pixels());
            layer.requireElements(W2 + "_a", expected, rank, b);
            layer.requireElements(W2 + "_b", expected, rank, d);
        } else {
            require(W2, expected, b, (long) d * target.pixels());
        }
    }

    private void require(String factor, String expected, long rows, long columns) {
        if (layer.has(factor)) {
            layer.requireElements(factor, expected, rows, columns);
        } else {
            int rank = layer.dim(factor + "_b", 0);
            layer.requireElements(factor + "_a", expected, rows, rank);
            layer.requireElements(factor + "_b", expected, rank, columns);
        }
    }

    @Override
    public void adapt(float[] weights) {
        float[] w1 = layer.has(W1) ? layer.values(W1) : product(W1).matrix();
        float[] w2 = layer.has(W2) ? layer.values(W2) : product(W2).matrix();
        String decomposed = !layer.has(W2) ? W2 : !layer.has(W1) ? W1 : null;
        float scale = decomposed == null ? 1 : layer.scale(layer.dim(decomposed + "_b", 0));
        int part = d * target.pixels();
        for (int row = 0; row < target.out(); row++) {
            for (int j = 0; j < c; j++) {
                float left = scale * w1[row / b * c + j];
                for (int q = 0; q < part; q++) {
                    weights[row * target.row() + j * part + q] += left * w2[row % b * part + q];
                }
            }
        }
    }

    private LowRankProduct product(String factor) {
        float[] left = layer.values(factor + "_a");
        String right = factor + "_b";
        int rank = layer.dim(right, 0);
        return factor.equals(W2) && layer.has(CORE) ? new LowRankProduct(LowRankProduct.transposed(left, rank),
                layer.tucker(CORE, right, rank, target.pixels()), rank)
                : new LowRankProduct(left, layer.values(right), rank);
    }
}
