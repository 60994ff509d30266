package org.diffusionclassifier.checkpoint.adapter;

/**
 * OFT, orthogonal finetuning (Qiu et al. 2023, arXiv 2306.07280, section 3.3), as kohya's sd-scripts and LyCORIS write
 * it. The outputs are rotated, in blocks of s, each by the Cayley transform of a skew-symmetric matrix:
 *
 * <pre>
 *   Q = B − Bᵀ                        B: oft_blocks [blocks, s, s]
 *   Q ← Q · min(1, c / ‖Q‖)           c = alpha · out, where alpha is not 0; ‖Q‖ of all blocks together
 *   R = (I + Q) · (I − Q)⁻¹
 *   W′ = rescale ⊙ (Rᵀ · W)           rescale [out], where there is one
 * </pre>
 *
 * As I + Q and I − Q commute and Qᵀ = −Q, Rᵀ = (I + Q)⁻¹ · (I − Q): it solves a system of equations.
 */
final class OftAdapter implements Adapter {

    static final String BLOCKS = "oft_blocks";
    static final String RESCALE = "rescale";

    private final LayerTensors layer;
    private final Target target;
    private final int blocks;
    private final int size;

    OftAdapter(LayerTensors layer, Target target) {
        this.layer = layer;
        this.target = target;
        this.blocks = layer.shape(BLOCKS).isEmpty() ? 0 : layer.dim(BLOCKS, 0);
        this.size = blocks < 1 ? 0 : target.out() / blocks;
        if (layer.shape(BLOCKS).size() != 3 || blocks * size != target.out() || layer.dim(BLOCKS, 1) != size
                || layer.dim(BLOCKS, 2) != size) {
            throw layer.wrong(BLOCKS, "square blocks for the " + target.out() + " outputs of " + target.name());
        }
        if (layer.has(RESCALE)) {
            layer.requireElements(RESCALE, target.out() + " elements", target.out());
        }
    }

    @Override
    public void adapt(float[] weights) {
        double[] skew = skew();
        float[] rescale = layer.has(RESCALE) ? layer.values(RESCALE) : null;
        int row = target.row();
        for (int block = 0; block < blocks; block++) {
            double[][] turned = transposedRotation(skew, block);
            var rotated = new float[size * row];
            for (int m = 0; m < size; m++) {
                double factor = rescale == null ? 1 : rescale[block * size + m];
                for (int n = 0; n < size; n++) {
                    float left = (float) (factor * turned[m][n]);
                    int from = (block * size + n) * row;
                    for (int j = 0; j < row; j++) {
                        rotated[m * row + j] += left * weights[from + j];
                    }
                }
            }
            System.arraycopy(rotated, 0, weights, block * size * row, rotated.length);
        }
    }

    /** Q of all blocks. */
    private double[] skew() {
        float[] stored = layer.values(BLOCKS);
        var skew = new double[stored.length];
        double squares = 0;
        for (int i = 0; i < skew.length; i++) {
            int block = i / (size * size) * size * size;
            skew[i] = (double) stored[i] - stored[block + i % size * size + i / size % size];
            squares += skew[i] * skew[i];
        }
        double constraint = layer.has(LayerTensors.ALPHA) ? layer.alpha() * (double) target.out() : 0;
        if (constraint > 0 && squares > constraint * constraint) {
            double factor = constraint / Math.sqrt(squares);
            for (int i = 0; i < skew.length; i++) {
                skew[i] *= factor;
            }
        }
        return skew;
    }

    /** Rᵀ of one block, by elimination. */
    private double[][] transposedRotation(double[] skew, int block) {
        var left = new double[size][size];
        var right = new double[size][size];
        for (int i = 0; i < size; i++) {
            for (int j = 0; j < size; j++) {
                double q = skew[(block * size + i) * size + j];
                left[i][j] = (i == j ? 1 : 0) + q;
                right[i][j] = (i == j ? 1 : 0) - q;
            }
        }
        // No pivots are looked for: the symmetric part of I + Q, and of what elimination leaves of it, is positive
        // definite (Golub and Van Loan, Matrix Computations, section 4.3.2).
        for (int pivot = 0; pivot < size; pivot++) {
            for (int i = 0; i < size; i++) {
                double factor = i == pivot ? 0 : left[i][pivot] / left[pivot][pivot];
                if (factor != 0) {
                    subtract(left[i], factor, left[pivot]);
                    subtract(right[i], factor, right[pivot]);
                }
            }
        }
        for (int i = 0; i < size; i++) {
            for (int j = 0; j < size; j++) {
                right[i][j] /= left[i][i];
            }
        }
        return right;
    }

    private static void subtract(double[] row, double factor, double[] other) {
        for (int j = 0; j < row.length; j++) {
            row[j] -= factor * other[j];
        }
    }
}
