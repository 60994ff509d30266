package org.diffusionclassifier.checkpoint.adapter;

/**
 * A matrix [rows, columns] as the product of two thin ones.
 *
 * <p>Filters may be decomposed further, by Tucker's decomposition (the "tucker" or "cp" of LyCORIS): a core
 * [rank, rank, height, width] between factors of the outputs and of the inputs. Core and inputs together are what is on
 * the right here:
 *
 * <pre>
 *   right[i, (q, k)] = Σ_j core[i, j, k] · inputs[j, q]          k: pixel
 * </pre>
 *
 * @param left  [rows, rank]
 * @param right [rank, columns]
 */
record LowRankProduct(float[] left, float[] right, int rank) {

    /** @param inputs [rank, in] */
    static float[] tucker(float[] core, float[] inputs, int rank, int pixels) {
        int in = inputs.length / rank;
        var right = new float[rank * in * pixels];
        for (int i = 0; i < rank; i++) {
            for (int j = 0; j < rank; j++) {
                for (int q = 0; q < in; q++) {
                    for (int k = 0; k < pixels; k++) {
                        right[(i * in + q) * pixels + k] += core[(i * rank + j) * pixels + k] * inputs[j * in + q];
                    }
                }
            }
        }
        return right;
    }

    /** [rank, rows] as [rows, rank], which is how Tucker's factor of the outputs is stored the other way round. */
    static float[] transposed(float[] stored, int rank) {
        int rows = stored.length / rank;
        var left = new float[stored.length];
        for (int r = 0; r < rank; r++) {
            for (int row = 0; row < rows; row++) {
                left[row * rank + r] = stored[r * rows + row];
            }
        }
        return left;
    }

    int columns() {
        return right.length / rank;
    }

    /** Adds a row, times a factor, to what is in {@code sum} from an index on. */
    void addRow(int row, float factor, float[] sum, int from) {
        int columns = columns();
        for (int r = 0; r < rank; r++) {
            float scaled = factor * left[row * rank + r];
            for (int column = 0; column < columns; column++) {
                sum[from + column] += scaled * right[r * columns + column];
            }
        }
    }

    /** All of it. */
    float[] matrix() {
        int rows = left.length / rank;
        var matrix = new float[rows * columns()];
        for (int row = 0; row < rows; row++) {
            addRow(row, 1, matrix, row * columns());
        }
        return matrix;
    }
}
