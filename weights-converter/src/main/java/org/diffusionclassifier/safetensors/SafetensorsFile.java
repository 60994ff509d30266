package org.diffusionclassifier.safetensors;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.LongBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.DataFile;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.tensor.Weights;

/**
 * An open safetensors file: its tensors by name, read one at a time. The header is checked in full by
 * {@link SafetensorsHeader} when the file is opened. Works on any file system, the inside of a jar included. Safe to
 * share between threads.
 */
public final class SafetensorsFile implements Weights {

    /** The key of {@code __metadata__} that states the layout of filters if it differs from PyTorch's. */
    public static final String FILTERS = "filters";
    public static final String CHANNELS_LAST = "channels-last";

    private final DataFile file;
    private final SafetensorsHeader header;

    private SafetensorsFile(DataFile file) {
        this.file = file;
        this.header = SafetensorsHeader.read(file);
    }

    /** @throws InputException if the file cannot be read or violates the format */
    public static SafetensorsFile open(Path file) {
        return DataFile.open(file, SafetensorsFile::new);
    }

    @Override
    public String source() {
        return file.path().toString();
    }

    @Override
    public Set<String> names() {
        return header.tensors().keySet();
    }

    @Override
    public List<Integer> shape(String name) {
        return tensor(name).shape();
    }

    @Override
    public boolean channelsLast() {
        return CHANNELS_LAST.equals(metadata().get(FILTERS));
    }

    /** Every tensor by name, in the order of their data in the file. */
    public Map<String, TensorInfo> tensors() {
        return header.tensors();
    }

    /** The texts of the header's {@code __metadata__}. */
    public Map<String, String> metadata() {
        return header.metadata();
    }

    @Override
    public DType dtype(String name) {
        return tensor(name).dtype();
    }

    @Override
    public void readStored(String name, long first, ByteBuffer destination) {
        TensorInfo tensor = tensor(name);
        long offset = first * tensor.dtype().bytes();
        if (destination.remaining() > tensor.bytes() - offset) {
            throw new IllegalArgumentException(destination.remaining() + " bytes from element " + first
                    + " of tensor " + name + " on, which has " + tensor.elements());
        }
        file.fill(tensor.offset() + offset, destination);
    }

    /** An I64 or I32 tensor, in row-major order. @throws InputException if it is none, or cannot be read */
    public long[] readLongs(String name) {
        TensorInfo tensor = tensor(name);
        if (tensor.dtype() != DType.I64 && tensor.dtype() != DType.I32) {
            throw wrongDType(tensor, "I64 or I32");
        }
        var values = LongBuffer.allocate(arrayLength(tensor));
        forEachChunk(tensor, tensor.dtype() == DType.I64
                ? chunk -> values.put(chunk.asLongBuffer())
                : chunk -> {
                    for (var ints = chunk.asIntBuffer(); ints.hasRemaining(); ) {
                        values.put(ints.get());
                    }
                });
        return values.array();
    }

    /** A U8 tensor, in row-major order. @throws InputException if it is none, or cannot be read */
    public byte[] readBytes(String name) {
        TensorInfo tensor = tensor(name);
        if (tensor.dtype() != DType.U8) {
            throw wrongDType(tensor, "U8");
        }
        var values = ByteBuffer.allocate(arrayLength(tensor));
        forEachChunk(tensor, values::put);
        return values.array();
    }

    private TensorInfo tensor(String name) {
        TensorInfo tensor = header.tensors().get(name);
        if (tensor == null) {
            throw new InputException(source() + ": no tensor " + name);
        }
        return tensor;
    }

    private InputException wrongDType(TensorInfo tensor, String expected) {
        return new InputException(source() + ": tensor " + tensor.name() + ": expected dtype " + expected + ", found "
                + tensor.dtype());
    }

    private int arrayLength(TensorInfo tensor) {
        if (tensor.elements() > Integer.MAX_VALUE - 8) {
            throw new InputException(source() + ": tensor " + tensor.name()
                    + ": expected fewer than 2^31 elements, found " + tensor.elements());
        }
        return (int) tensor.elements();
    }

    private void forEachChunk(TensorInfo tensor, Consumer<ByteBuffer> decode) {
        file.forEachChunk(tensor.offset(), tensor.bytes(), ByteOrder.LITTLE_ENDIAN, decode);
    }

    @Override
    public void close() {
        file.close();
    }
}
