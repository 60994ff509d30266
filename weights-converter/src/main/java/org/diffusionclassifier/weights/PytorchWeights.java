package org.diffusionclassifier.weights;

import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.diffusionclassifier.weights.PytorchArchive.Region;

/**
 * The weights in a checkpoint of PyTorch ({@code .bin}, {@code .pt}, {@code .ckpt}), in either of the forms that
 * {@code torch.save} writes (see {@link PytorchArchive}). Nothing from the file is ever executed: its pickle is read
 * as data, and refused if it names anything but tensors and plain values. Which tensors it has, and under which names,
 * says {@link StateDict}. The file is taken for hostile: everything in it is checked when it is opened, with less than
 * 64 MiB of heap. Tensors are read in place, one at a time. Safe to share between threads.
 */
public final class PytorchWeights implements Weights {

    private final DataFile file;
    private final Map<String, Region> regions;
    private final ByteOrder order;
    private final Map<String, PytorchTensor> tensors;

    private PytorchWeights(DataFile file) {
        this.file = file;
        var budget = new HeapBudget(file);
        PytorchArchive archive = PytorchArchive.read(file, budget);
        this.regions = archive.regions();
        this.order = archive.order();
        this.tensors = Collections.unmodifiableMap(StateDict.tensors(file, archive.root(), budget));
        tensors.forEach(this::requireData);
    }

    /** @throws InputException if the file cannot be read, is damaged, or holds more than tensors and plain values */
    public static PytorchWeights open(Path file) {
        return DataFile.open(file, PytorchWeights::new);
    }

    private void requireData(String name, PytorchTensor tensor) {
        PytorchTensor.Storage storage = tensor.storage();
        Region region = regions.get(storage.key());
        if (region == null || region.bytes() != storage.bytes()) {
            throw wrong(name, "a storage of " + storage.elements() + " " + storage.dtype(),
                    region == null ? "none" : region.bytes() + " bytes");
        }
        if (!tensor.isWithinStorage()) {
            throw wrong(name, "elements within its storage of " + storage.elements(), "offset " + tensor.offset()
                    + ", shape " + tensor.shape() + ", strides " + tensor.strides());
        }
    }

    @Override
    public String source() {
        return file.path().toString();
    }

    @Override
    public Set<String> names() {
        return tensors.keySet();
    }

    @Override
    public List<Integer> shape(String name) {
        return tensor(name).shape();
    }

    /** What the tensor's elements are stored as. */
    public DType dtype(String name) {
        return tensor(name).storage().dtype();
    }

    @Override
    public void read(String name, FloatBuffer destination) {
        PytorchTensor tensor = tensor(name);
        DType dtype = dtype(name);
        long elements = tensor.elements();
        if (destination.remaining() < elements) {
            throw new IllegalArgumentException(destination.remaining() + " elements remain for tensor " + name
                    + " of " + elements);
        }
        if (!dtype.isFloat()) {
            throw wrong(name, "dtype F64, F32, F16 or BF16", dtype.toString());
        }
        if (tensor.isContiguous()) {
            readSpan(tensor, destination);
            return;
        }
        if (tensor.span() > Integer.MAX_VALUE - 8) {
            throw wrong(name, "a view of fewer than 2^31 elements", Long.toString(tensor.span()));
        }
        var span = new float[(int) tensor.span()];
        readSpan(tensor, FloatBuffer.wrap(span));
        gather(tensor, span, destination);
    }

    /** Decodes the storage from the tensor's first element to its last. */
    private void readSpan(PytorchTensor tensor, FloatBuffer destination) {
        DType dtype = tensor.storage().dtype();
        Region region = regions.get(tensor.storage().key());
        file.forEachChunk(region.offset() + tensor.offset() * dtype.bytes(), tensor.span() * dtype.bytes(),
                order, chunk -> FloatFormats.decode(dtype, chunk, destination));
    }

    /** Puts the elements in row-major order: the index counts up like an odometer, and {@code at} follows it. */
    private static void gather(PytorchTensor tensor, float[] span, FloatBuffer destination) {
        int[] shape = tensor.shape().stream().mapToInt(Integer::intValue).toArray();
        long[] strides = tensor.strides().stream().mapToLong(Long::longValue).toArray();
        var index = new int[shape.length];
        long at = 0;
        for (long left = tensor.elements(); left > 0; left--) {
            destination.put(span[(int) at]);
            for (int d = shape.length - 1; d >= 0; d--) {
                at += strides[d];
                if (++index[d] < shape[d]) {
                    break;
                }
                at -= strides[d] * shape[d];
                index[d] = 0;
            }
        }
    }

    private PytorchTensor tensor(String name) {
        PytorchTensor tensor = tensors.get(name);
        if (tensor == null) {
            throw new InputException(source() + ": no tensor " + name);
        }
        return tensor;
    }

    private InputException wrong(String name, String expected, String found) {
        return new InputException(source() + ": tensor " + name + ": expected " + expected + ", found " + found);
    }

    @Override
    public void close() {
        file.close();
    }
}
