package org.diffusionclassifier.weights;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.Consumer;

/**
 * An open safetensors file: its tensors by name, read one at a time through a small buffer, so that neither the file
 * nor a tensor in its stored form is ever held in memory. The header is checked in full by {@link SafetensorsHeader}
 * when the file is opened. Works on any file system, the inside of a jar included. Safe to share between threads.
 */
public final class SafetensorsFile implements AutoCloseable {

    /** Bytes read at a time; a multiple of every element's size, so that none straddles two chunks. */
    private static final int CHUNK = 1 << 20;

    private final Path file;
    private final SeekableByteChannel channel;
    private final SafetensorsHeader header;

    private SafetensorsFile(Path file, SeekableByteChannel channel, SafetensorsHeader header) {
        this.file = file;
        this.channel = channel;
        this.header = header;
    }

    /** @throws InputException if the file cannot be read or violates the format in any point */
    public static SafetensorsFile open(Path file) {
        try {
            SeekableByteChannel channel = Files.newByteChannel(file);
            try {
                return new SafetensorsFile(file, channel, SafetensorsHeader.read(file, channel));
            } catch (IOException | RuntimeException e) {
                channel.close();
                throw e;
            }
        } catch (IOException e) {
            throw InputException.unreadable(file, e);
        }
    }

    /** Every tensor by name, in the order of their data in the file. */
    public Map<String, TensorInfo> tensors() {
        return header.tensors();
    }

    /** The texts of the header's {@code __metadata__}. */
    public Map<String, String> metadata() {
        return header.metadata();
    }

    /**
     * Decodes an F64, F32, F16 or BF16 tensor, in row-major order, from the position of {@code destination} on, and
     * advances that position by the number of elements.
     *
     * @throws InputException           if there is no such tensor, it has another dtype, or the file cannot be read
     * @throws IllegalArgumentException if {@code destination} has not that many elements remaining
     */
    public void read(String name, FloatBuffer destination) {
        TensorInfo tensor = tensor(name);
        if (destination.remaining() < tensor.elements()) {
            throw new IllegalArgumentException(destination.remaining() + " elements remain for tensor " + name
                    + " of " + tensor.elements());
        }
        Consumer<ByteBuffer> decode = switch (tensor.dtype()) {
            case F64 -> chunk -> {
                for (var values = chunk.asDoubleBuffer(); values.hasRemaining(); ) {
                    destination.put((float) values.get());
                }
            };
            case F32 -> chunk -> destination.put(chunk.asFloatBuffer());
            case F16 -> chunk -> {
                for (var values = chunk.asShortBuffer(); values.hasRemaining(); ) {
                    destination.put(FloatFormats.fromF16(values.get()));
                }
            };
            case BF16 -> chunk -> {
                for (var values = chunk.asShortBuffer(); values.hasRemaining(); ) {
                    destination.put(FloatFormats.fromBF16(values.get()));
                }
            };
            default -> throw wrongDType(tensor, "F64, F32, F16 or BF16");
        };
        forEachChunk(tensor, decode);
    }

    /** An I64 or I32 tensor, in row-major order. Throws as {@link #read} does. */
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

    /** A U8 tensor, in row-major order. Throws as {@link #read} does. */
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
            throw new InputException(file + ": no tensor " + name);
        }
        return tensor;
    }

    private InputException wrongDType(TensorInfo tensor, String expected) {
        return new InputException(file + ": tensor " + tensor.name() + ": expected dtype " + expected + ", found "
                + tensor.dtype());
    }

    private int arrayLength(TensorInfo tensor) {
        if (tensor.elements() > Integer.MAX_VALUE - 8) {
            throw new InputException(file + ": tensor " + tensor.name() + ": expected fewer than 2^31 elements, found "
                    + tensor.elements());
        }
        return (int) tensor.elements();
    }

    private synchronized void forEachChunk(TensorInfo tensor, Consumer<ByteBuffer> decode) {
        var chunk = ByteBuffer.allocate((int) Math.min(CHUNK, tensor.bytes())).order(ByteOrder.LITTLE_ENDIAN);
        try {
            channel.position(tensor.offset());
            for (long left = tensor.bytes(); left > 0; left -= chunk.limit()) {
                chunk.clear().limit((int) Math.min(chunk.capacity(), left));
                while (chunk.hasRemaining()) {
                    if (channel.read(chunk) < 0) {
                        throw new IOException("the file became shorter while it was read");
                    }
                }
                decode.accept(chunk.flip());
            }
        } catch (IOException e) {
            throw InputException.unreadable(file, e);
        }
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
