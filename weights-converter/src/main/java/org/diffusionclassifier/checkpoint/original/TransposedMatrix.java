package org.diffusionclassifier.checkpoint.original;

import java.nio.ByteBuffer;
import java.util.List;
import org.diffusionclassifier.tensor.Weights;
import org.diffusionclassifier.tensor.WeightsView;

/**
 * Weights one of which is a matrix with rows and columns exchanged.
 *
 * @param base closed with this
 * @param name of the matrix
 */
record TransposedMatrix(Weights base, String name) implements WeightsView {

    @Override
    public List<Integer> shape(String tensor) {
        List<Integer> shape = base.shape(tensor);
        return tensor.equals(name) && shape.size() == 2 ? List.of(shape.get(1), shape.get(0)) : shape;
    }

    @Override
    public void readStored(String tensor, long first, ByteBuffer destination) {
        if (!tensor.equals(name)) {
            base.readStored(tensor, first, destination);
            return;
        }
        int bytes = dtype(name).bytes();
        int rows = shape(name).get(0);
        int columns = shape(name).get(1);
        var kept = ByteBuffer.allocate(Math.multiplyExact(Math.multiplyExact(rows, columns), bytes));
        base.readStored(name, 0, kept);
        for (long i = first; destination.hasRemaining(); i++) {
            long at = i % columns * rows + i / columns;
            destination.put(kept.array(), Math.toIntExact(at * bytes), bytes);
        }
    }

    @Override
    public void close() {
        base.close();
    }
}
