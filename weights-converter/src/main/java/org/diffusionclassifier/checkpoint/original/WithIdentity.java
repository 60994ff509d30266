package org.diffusionclassifier.checkpoint.original;

import java.nio.ByteBuffer;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.tensor.Weights;
import org.diffusionclassifier.tensor.WeightsView;

/**
 * Weights with a square matrix more, of ones on the diagonal and zeros elsewhere: a projection that the file leaves out.
 *
 * @param base closed with this
 * @param name of the matrix
 * @param size rows and columns
 */
record WithIdentity(Weights base, String name, int size) implements WeightsView {

    @Override
    public Set<String> names() {
        var names = new LinkedHashSet<>(base.names());
        names.add(name);
        return names;
    }

    @Override
    public boolean has(String tensor) {
        return tensor.equals(name) || base.has(tensor);
    }

    @Override
    public List<Integer> shape(String tensor) {
        return tensor.equals(name) ? List.of(size, size) : base.shape(tensor);
    }

    @Override
    public DType dtype(String tensor) {
        return tensor.equals(name) ? DType.F32 : base.dtype(tensor);
    }

    /** @throws InputException if a tensor of the base is not of that shape; it says where that is */
    @Override
    public void require(String tensor, int... shape) {
        if (tensor.equals(name)) {
            WeightsView.super.require(tensor, shape);
        } else {
            base.require(tensor, shape);
        }
    }

    @Override
    public void readStored(String tensor, long first, ByteBuffer destination) {
        if (!tensor.equals(name)) {
            base.readStored(tensor, first, destination);
            return;
        }
        var values = new float[destination.remaining() / DType.F32.bytes()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (first + i) / size == (first + i) % size ? 1 : 0;
        }
        WeightsView.store(values, destination);
    }

    @Override
    public void close() {
        base.close();
    }
}
