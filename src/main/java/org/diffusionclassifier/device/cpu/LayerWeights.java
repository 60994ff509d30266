package org.diffusionclassifier.device.cpu;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.diffusionclassifier.device.DoubledFilters;
import org.diffusionclassifier.device.Op;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.device.cpu.dnnl.NativeMemory;
import org.diffusionclassifier.device.cpu.dnnl.OneDnn;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.Weights;

/**
 * The matrices or filters of one layer, which are read together: once, if the {@link
 * org.diffusionclassifier.device.WeightsBudget} has room for them, otherwise in every run, right before they are used.
 */
final class LayerWeights implements AutoCloseable {

    private final CpuDevice device;
    private final String name;
    private final Supplier<NativeMemory> reader;
    private final List<PackedWeights> packed = new ArrayList<>();
    private final long bytes;
    private final boolean kept;
    private Arrival arrival;

    private LayerWeights(CpuDevice device, String name, long elements, Supplier<NativeMemory> reader) {
        this.device = device;
        this.name = name;
        this.reader = reader;
        this.bytes = elements * device.dtype().bytes();
        this.kept = device.budget().keep(bytes);
    }

    /** The tensors {@code weight} [rows, columns] of {@code parts}, one behind the other. */
    static LayerWeights matrices(CpuDevice device, Weights[] parts, int rows, int columns) {
        for (Weights part : parts) {
            part.require("weight", rows, columns);
        }
        return new LayerWeights(device, parts.length + "x" + rows + "x" + columns,
                (long) parts.length * rows * columns,
                () -> device.stage("weight", parts, new int[] {rows, columns}));
    }

    /** The filters {@code weight}, as [out, size, size, in]. */
    static LayerWeights filters(CpuDevice device, Weights source, int out, int in, int size) {
        source.requireFilters("weight", out, in, size);
        return new LayerWeights(device, out + "x" + size + "x" + size + "x" + in, (long) out * in * size * size,
                () -> device.stageFilters(source, out, in, size));
    }

    /** The filters {@code weight} of a layer that doubles its input, as those of a transposed convolution. */
    static LayerWeights doubledFilters(CpuDevice device, Weights source, int out, int in) {
        source.requireFilters("weight", out, in, 3);
        return new LayerWeights(device, out + "x4x4x" + in, (long) out * in * DoubledFilters.SIZE * DoubledFilters.SIZE,
                () -> device.stageDoubledFilters(source, out, in));
    }

    /**
     * Weights of a matrix product x · W with W [in, out], of which PyTorch keeps [out, in].
     *
     * @param first element of the layer's that is its first
     * @param row   elements between two of its rows [in]
     */
    PackedWeights matrix(long first, int in, int out, int row) {
        return add(new PackedWeights(this, first, new long[] {in, out}, new long[] {1, row}, new long[] {1, in}));
    }

    /** Filters [out, in, size, size] to oneDNN, of which [out, size, size, in] are read. */
    PackedWeights filter(int in, int out, int size) {
        long[] strides = {(long) in * size * size, 1, (long) size * in, in};
        return add(new PackedWeights(this, 0, new long[] {out, in, size, size}, strides, strides));
    }

    private PackedWeights add(PackedWeights weights) {
        packed.add(weights);
        return weights;
    }

    /** Reads what is to be kept, when all of the layer's matrices are known. */
    void load() {
        if (kept) {
            try (NativeMemory staged = reader.get()) {
                packed.forEach(weights -> weights.take(staged));
            }
        }
    }

    OneDnn oneDnn() {
        return device.oneDnn();
    }

    DType dtype() {
        return device.dtype();
    }

    /** Records that {@code weights} are to be in {@code destination}: one reading serves all of the layer's. */
    void recordArrival(PackedWeights weights, Tensor destination) {
        if (arrival == null || arrival.brings(weights)) {
            arrival = new Arrival();
            device.add(arrival);
        }
        arrival.add(weights, destination);
    }

    @Override
    public void close() {
        packed.forEach(PackedWeights::close);
        if (kept) {
            device.budget().release(bytes);
        } else {
            device.budget().forget(bytes);
        }
    }

    /** Reads the layer's tensors and puts each matrix into the memory that this run has for it. */
    private final class Arrival implements Op {

        private final List<PackedWeights> brought = new ArrayList<>();
        private final List<Tensor> destinations = new ArrayList<>();

        void add(PackedWeights weights, Tensor destination) {
            brought.add(weights);
            destinations.add(destination);
        }

        boolean brings(PackedWeights weights) {
            return brought.stream().anyMatch(weights::areThose);
        }

        @Override
        public void run() {
            try (NativeMemory staged = reader.get()) {
                for (int i = 0; i < brought.size(); i++) {
                    brought.get(i).arrive(staged, destinations.get(i).address());
                }
            }
        }

        @Override
        public String name() {
            return "weights " + name;
        }

        @Override
        public List<Tensor> reads() {
            return List.of();
        }

        @Override
        public List<Tensor> writes() {
            return destinations;
        }
    }
}
