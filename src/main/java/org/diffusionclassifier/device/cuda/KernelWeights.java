package org.diffusionclassifier.device.cuda;

import org.diffusionclassifier.device.Tensor;

/**
 * Weights in the layouts that the kernels read: float16, the inner dimension padded with zeros to whole tiles of
 * {@link Tiles#DEPTH}, so that no tile of theirs is ragged.
 */
final class KernelWeights {

    private KernelWeights() {
    }

    static int padded(int columns) {
        return (columns + Tiles.DEPTH - 1) / Tiles.DEPTH * Tiles.DEPTH;
    }

    /** A matrix [rows, columns] as it is, or filters as out·size² rows of in columns: [rows, padded(columns)]. */
    static Tensor matrix(CudaDevice device, float[] values, int rows, int columns) {
        float[] packed = new float[rows * padded(columns)];
        for (int row = 0; row < rows; row++) {
            System.arraycopy(values, row * columns, packed, row * padded(columns), columns);
        }
        return upload(device, packed, rows, padded(columns));
    }

    /** A matrix [rows, first + second] for two inputs, each part padded: [rows, padded(first) + padded(second)]. */
    static Tensor sideBySide(CudaDevice device, float[] values, int rows, int first, int second) {
        int columns = padded(first) + padded(second);
        float[] packed = new float[rows * columns];
        for (int row = 0; row < rows; row++) {
            System.arraycopy(values, row * (first + second), packed, row * columns, first);
            System.arraycopy(values, row * (first + second) + first, packed, row * columns + padded(first), second);
        }
        return upload(device, packed, rows, columns);
    }

    /** A matrix whose rows i and i + rows / 2 become neighbours: GEGLU's values and gates. */
    static Tensor interleaved(CudaDevice device, float[] values, int rows, int columns) {
        float[] packed = new float[rows * padded(columns)];
        for (int row = 0; row < rows; row++) {
            System.arraycopy(values, row * columns, packed, interleavedRow(row, rows) * padded(columns), columns);
        }
        return upload(device, packed, rows, padded(columns));
    }

    static int interleavedRow(int row, int rows) {
        return row < rows / 2 ? 2 * row : 2 * (row - rows / 2) + 1;
    }

    private static Tensor upload(CudaDevice device, float[] values, int rows, int columns) {
        Tensor tensor = device.tensor(device.dtype(), rows, columns);
        device.write(tensor, values);
        return tensor;
    }
}
