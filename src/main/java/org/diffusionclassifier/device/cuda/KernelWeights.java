package org.diffusionclassifier.device.cuda;

import static jcuda.driver.JCudaDriver.cuStreamWaitEvent;

import java.nio.FloatBuffer;
import java.util.List;
import java.util.function.Supplier;
import jcuda.driver.CUevent;
import org.diffusionclassifier.device.Op;
import org.diffusionclassifier.device.Storage;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.tensor.Weights;

/**
 * Weights in the layout that the kernels read: the device's type, [rows, columns], the columns padded with zeros to whole
 * tiles of {@link Tiles#DEPTH}, so that no tile of theirs is ragged. Where the {@link
 * org.diffusionclassifier.device.WeightsBudget} has no room for them they are read and copied to the card in every run:
 *
 * <pre>
 *     compute   … layer n − 1 ──▶ layer n ─────────▶ wait ──▶ layer n + 1
 *     copies    ─ weights n ─▶    weights n + 1 ─●──┘
 * </pre>
 */
final class KernelWeights implements AutoCloseable {

    private final CudaDevice device;
    private final int rows;
    private final int columns;
    private final Supplier<float[]> source;
    private final Tensor kept;

    private KernelWeights(CudaDevice device, int rows, int columns, Supplier<float[]> source) {
        this.device = device;
        this.rows = rows;
        this.columns = columns;
        this.source = source;
        if (device.budget().keep(bytes())) {
            kept = device.tensor(device.dtype(), rows, columns);
            device.write(kept, source.get());
        } else {
            kept = null;
        }
    }

    /** What reads {@link CudaDevice#floats} whenever it is asked. */
    static Supplier<float[]> source(String name, Weights[] parts, int... shape) {
        for (Weights part : parts) {
            part.require(name, shape);
        }
        return () -> CudaDevice.floats(name, parts, shape);
    }

    /** What reads the {@code weight} of a convolution, [out, size, size, in], whenever it is asked. */
    static Supplier<float[]> filters(Weights source, int out, int in, int size) {
        source.requireFilters("weight", out, in, size);
        return () -> {
            var values = FloatBuffer.allocate(Math.multiplyExact(Math.multiplyExact(out, in), size * size));
            source.readFilters("weight", out, in, size, values);
            return values.array();
        };
    }

    static int padded(int columns) {
        return (columns + Tiles.DEPTH - 1) / Tiles.DEPTH * Tiles.DEPTH;
    }

    /** A matrix [rows, columns] as it is, or filters [out, size, size, in] as out·size² rows: [rows, padded(columns)]. */
    static KernelWeights matrix(CudaDevice device, Supplier<float[]> source, int rows, int columns) {
        return new KernelWeights(device, rows, padded(columns), () -> {
            float[] values = source.get();
            float[] packed = new float[rows * padded(columns)];
            for (int row = 0; row < rows; row++) {
                System.arraycopy(values, row * columns, packed, row * padded(columns), columns);
            }
            return packed;
        });
    }

    /** A matrix [rows, first + second] for two inputs, each part padded: [rows, padded(first) + padded(second)]. */
    static KernelWeights sideBySide(CudaDevice device, Supplier<float[]> source, int rows, int first, int second) {
        int columns = padded(first) + padded(second);
        return new KernelWeights(device, rows, columns, () -> {
            float[] values = source.get();
            float[] packed = new float[rows * columns];
            for (int row = 0; row < rows; row++) {
                System.arraycopy(values, row * (first + second), packed, row * columns, first);
                System.arraycopy(values, row * (first + second) + first, packed, row * columns + padded(first), second);
            }
            return packed;
        });
    }

    /**
     * Filters [out, size, size, in] with a matrix [out, first + second] for two inputs behind each, every part padded:
     * [out, size²·padded(in) + padded(first) + padded(second)].
     */
    static KernelWeights filtersBesideMatrix(CudaDevice device, Supplier<float[]> filters, int out, int taps, int in,
                                             Supplier<float[]> matrix, int first, int second) {
        int columns = taps * padded(in) + padded(first) + padded(second);
        return new KernelWeights(device, out, columns, () -> {
            float[] values = filters.get();
            float[] behind = matrix.get();
            float[] packed = new float[out * columns];
            for (int row = 0; row < out; row++) {
                int at = row * columns;
                for (int tap = 0; tap < taps; tap++) {
                    System.arraycopy(values, (row * taps + tap) * in, packed, at, in);
                    at += padded(in);
                }
                System.arraycopy(behind, row * (first + second), packed, at, first);
                System.arraycopy(behind, row * (first + second) + first, packed, at + padded(first), second);
            }
            return packed;
        });
    }

    /** A matrix whose rows i and i + rows / 2 become neighbours: GEGLU's values and gates. */
    static KernelWeights interleaved(CudaDevice device, Supplier<float[]> source, int rows, int columns) {
        return new KernelWeights(device, rows, padded(columns), () -> {
            float[] values = source.get();
            float[] packed = new float[rows * padded(columns)];
            for (int row = 0; row < rows; row++) {
                System.arraycopy(values, row * columns, packed, interleavedRow(row, rows) * padded(columns), columns);
            }
            return packed;
        });
    }

    static int interleavedRow(int row, int rows) {
        return row < rows / 2 ? 2 * row : 2 * (row - rows / 2) + 1;
    }

    int rows() {
        return rows;
    }

    /** Elements of a row, padding included. */
    int columns() {
        return columns;
    }

    private long bytes() {
        return (long) rows * columns * device.dtype().bytes();
    }

    /** The weights, for the launch that is recorded next. */
    Tensor operand() {
        if (kept != null) {
            return kept;
        }
        var arrival = new Arrival(Tensor.over(Storage.planned(bytes()), device.dtype(), rows, columns));
        device.addAhead(arrival);
        device.add(arrival.new Wait());
        return arrival.destination;
    }

    @Override
    public void close() {
        if (kept != null) {
            device.release(kept);
            device.budget().release(bytes());
        } else {
            device.budget().forget(bytes());
        }
    }

    /** Reads the weights and has them copied; not to be captured, since the reading is the host's. */
    final class Arrival implements Op {

        private final Tensor destination;
        private final CUevent copied;

        private Arrival(Tensor destination) {
            this.destination = destination;
            this.copied = device.gpu().createEvent();
        }

        @Override
        public void run() {
            device.upload(destination, source.get(), copied);
        }

        @Override
        public String name() {
            return "weights " + destination;
        }

        @Override
        public List<Tensor> reads() {
            return List.of();
        }

        @Override
        public List<Tensor> writes() {
            return List.of(destination);
        }

        @Override
        public void close() {
            device.gpu().destroy(copied);
        }

        /** Has the kernels launched from here on wait for the copy. */
        private final class Wait implements Op {

            @Override
            public void run() {
                device.gpu().enter();
                device.gpu().check(cuStreamWaitEvent(device.gpu().stream(), copied, 0), "cuStreamWaitEvent");
            }

            @Override
            public String name() {
                return "wait for " + Arrival.this.name();
            }

            @Override
            public List<Tensor> reads() {
                return List.of(destination);
            }

            @Override
            public List<Tensor> writes() {
                return List.of();
            }
        }
    }
}
