package org.diffusionclassifier.model;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.diffusionclassifier.device.Linear;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.Weights;

/**
 * What the residual blocks of a UNet add of the time: each its own projection of one embedding, [M, width] → [M, out],
 * or [P, ..] where the embedding depends on the caption, too.
 * All are one product, whose columns the blocks share out: apart they would be a launch each, two where the sum is split,
 * for a few rows. Each block's columns begin at a multiple of {@link #ALIGNMENT}, for kernels that read whole vectors;
 * what lies between is zero.
 */
public final class TimeProjections {

    private static final int ALIGNMENT = 8;

    /**
     * A block's projection.
     *
     * @param weights {@code weight} [out, width] and {@code bias} [out]
     */
    public record Projection(Weights weights, int out) {

        private int columns() {
            return (out + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        }
    }

    /**
     * A block's columns of the product.
     *
     * @param from the first
     */
    public record Columns(int from, int count) {
    }

    private final Linear all;
    private final List<Columns> columns = new ArrayList<>();

    /** @param blocks in the order of {@link #columns} */
    public TimeProjections(int width, List<Projection> blocks, Layers layers) {
        int out = 0;
        for (Projection block : blocks) {
            columns.add(new Columns(out, block.out));
            out += block.columns();
        }
        all = layers.linear(Linear.Spec.of(width, out), new Stacked(blocks));
    }

    /** Each block's. */
    public List<Columns> columns() {
        return columns;
    }

    /**
     * Records the product.
     *
     * @param time [M or P, width]
     * @param rows from a trial's to a pair's entries
     */
    public Shifts forward(Tensor time, PairRows rows) {
        return new Shifts(all.forward(time), rows);
    }

    /** The product in one forward pass, [M or P, Σ out]. */
    public static final class Shifts {

        private final Tensor ofTrials;    // or of pairs, where the time depends on the caption
        private final PairRows rows;
        private Tensor ofPairs;

        private Shifts(Tensor ofTrials, PairRows rows) {
            this.ofTrials = ofTrials;
            this.rows = rows;
        }

        /** M, or P where the time depends on the caption. */
        int rows() {
            return ofTrials.dim(0);
        }

        /** A block's, [batch, out], for a batch of trials or of pairs. */
        Tensor of(Columns block, int batch) {
            if (batch == ofTrials.dim(0)) {
                return ofTrials.columns(block.from, block.count);
            }
            if (ofPairs == null) {
                ofPairs = rows.expand(ofTrials, batch);
            }
            return ofPairs.columns(block.from, block.count);
        }
    }

    /** The matrices and the biases of all blocks, one behind the other. */
    private record Stacked(List<Projection> blocks) implements Weights {

        private Weights first() {
            return blocks.get(0).weights;
        }

        @Override
        public String source() {
            return first().source();
        }

        @Override
        public Set<String> names() {
            return first().names();
        }

        @Override
        public List<Integer> shape(String name) {
            var shape = new ArrayList<>(first().shape(name));
            shape.set(0, blocks.stream().mapToInt(Projection::columns).sum());
            return shape;
        }

        @Override
        public DType dtype(String name) {
            return first().dtype(name);
        }

        @Override
        public void require(String name, int... shape) {
            for (Projection block : blocks) {
                int[] own = shape.clone();
                own[0] = block.out;
                block.weights.require(name, own);
            }
        }

        @Override
        public void read(String name, FloatBuffer destination) {
            for (Projection block : blocks) {
                block.weights.read(name, destination);
                long each = block.weights.elements(name) / block.out;
                destination.put(new float[Math.toIntExact((block.columns() - block.out) * each)]);
            }
        }

        /** @throws UnsupportedOperationException always: the parts may be stored in different types */
        @Override
        public void readStored(String name, long first, ByteBuffer destination) {
            throw new UnsupportedOperationException("stored elements of " + this);
        }

        @Override
        public void close() {
        }
    }
}
