package org.diffusionclassifier.pytorch;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.diffusionclassifier.pytorch.PytorchArchive.Region;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.DataFile;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.tensor.Weights;

/**
 * The weights in a checkpoint of PyTorch ({@code .bin}, {@code .pt}, {@code .ckpt}), in either of the forms that
 * {@code torch.save} writes (see {@link PytorchArchive}). Nothing from the file is ever executed: its pickle is read as
 * data ({@link Unpickler}). {@link StateDict} determines which tensors it has and their names. The file may be hostile:
 * everything in it is checked when it is opened, with less than 64 MiB of heap. Tensors are read in place, one at a
 * time. Safe to share between threads.
 */
public final class PytorchWeights implements Weights {

    private final DataFile file;
    private final Map<String, Region> regions;
    private final ByteOrder order;
    private final Map<String, PytorchTensor> tensors;
    private String gatheredName;
    private byte[] gathered;

    private PytorchWeights(DataFile file) {
        this.file = file;
        var budget = new HeapBudget(file);
        PytorchArchive archive = PytorchArchive.read(file, budget);
        this.regions = archive.regions();
        this.order = archive.order();
        this.tensors = Collections.unmodifiableMap(StateDict.tensors(file, archive.root(), budget));
        tensors.forEach(this::requireData);
    }

    /** @throws InputException if the file cannot be read, is damaged, or has no tensors */
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

    @Override
    public DType dtype(String name) {
        return tensor(name).storage().dtype();
    }

    @Override
    public void readStored(String name, long first, ByteBuffer destination) {
        PytorchTensor tensor = tensor(name);
        int width = dtype(name).bytes();
        if (destination.remaining() > (tensor.elements() - first) * width) {
            throw new IllegalArgumentException(destination.remaining() + " bytes from element " + first
                    + " of tensor " + name + " on, which has " + tensor.elements());
        }
        int from = destination.position();
        if (tensor.isContiguous()) {
            Region region = regions.get(tensor.storage().key());
            file.fill(region.offset() + (tensor.offset() + first) * width, destination);
        } else {
            byte[] elements = gathered(name, tensor);
            destination.put(elements, Math.toIntExact(first * width), destination.remaining());
        }
        if (order == ByteOrder.BIG_ENDIAN) {
            reverseElements(destination, from, width);
        }
    }

    private static void reverseElements(ByteBuffer bytes, int from, int width) {
        for (int at = from; at < bytes.limit(); at += width) {
            switch (width) {
                case 2 -> bytes.putShort(at, Short.reverseBytes(bytes.getShort(at)));
                case 4 -> bytes.putInt(at, Integer.reverseBytes(bytes.getInt(at)));
                case 8 -> bytes.putLong(at, Long.reverseBytes(bytes.getLong(at)));
                default -> { }
            }
        }
    }

    /**
     * The elements of a view in row-major order. They are kept until another view is asked for, because they are read
     * piece by piece.
     */
    private synchronized byte[] gathered(String name, PytorchTensor tensor) {
        if (!name.equals(gatheredName)) {
            int width = dtype(name).bytes();
            long most = Math.max(tensor.span(), tensor.elements());
            if (most > (Integer.MAX_VALUE - 8) / width) {
                throw wrong(name, "a view of less than 2^31 bytes", most + " elements");
            }
            gathered = null;
            Region region = regions.get(tensor.storage().key());
            byte[] span = file.read(region.offset() + tensor.offset() * width,
                    ByteBuffer.allocate((int) tensor.span() * width)).array();
            gathered = gather(tensor, span, width);
            gatheredName = name;
        }
        return gathered;
    }

    /** The index counts up like an odometer, and {@code at} follows it. */
    private static byte[] gather(PytorchTensor tensor, byte[] span, int width) {
        int[] shape = tensor.shape().stream().mapToInt(Integer::intValue).toArray();
        long[] strides = tensor.strides().stream().mapToLong(Long::longValue).toArray();
        var index = new int[shape.length];
        var elements = new byte[(int) tensor.elements() * width];
        long at = 0;
        for (int to = 0; to < elements.length; to += width) {
            System.arraycopy(span, (int) at * width, elements, to, width);
            for (int d = shape.length - 1; d >= 0; d--) {
                at += strides[d];
                if (++index[d] < shape[d]) {
                    break;
                }
                at -= strides[d] * shape[d];
                index[d] = 0;
            }
        }
        return elements;
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
