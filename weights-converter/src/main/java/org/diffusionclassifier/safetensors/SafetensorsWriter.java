package org.diffusionclassifier.safetensors;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.FloatFormats;
import org.diffusionclassifier.tensor.InputException;

/**
 * Writes a safetensors file (format: see {@link SafetensorsHeader}). Tensors are declared first. {@link #write} then
 * asks for the values of one after another, so that a large model is never in memory as a whole:
 *
 * <pre>{@code
 * new SafetensorsWriter()
 *         .metadata("format", "pt")
 *         .floats("weight", DType.F16, List.of(2, 3), () -> FloatBuffer.wrap(values))
 *         .write(file);
 * }</pre>
 *
 * Data follow in the order of declaration, except that wider elements come before narrower ones. Every tensor is thus
 * aligned to the size of its elements, which some readers need.
 */
public final class SafetensorsWriter {

    /** Bytes encoded at a time; a multiple of every element's size. */
    private static final int CHUNK = 1 << 20;

    private final Map<String, String> metadata = new LinkedHashMap<>();
    private final Map<String, Supplier<String>> lateMetadata = new LinkedHashMap<>();
    private final Map<String, Entry> tensors = new LinkedHashMap<>();

    /** Where a tensor's bytes go, piece by piece. */
    public interface Sink {
        /** Takes what remains in the buffer. */
        void put(ByteBuffer bytes) throws IOException;
    }

    /** Supplies a tensor's bytes, little-endian, when they are written. */
    public interface Content {
        void writeTo(Sink sink) throws IOException;
    }

    private record Entry(String name, DType dtype, List<Integer> shape, Content content) {

        long elements() {
            return shape.stream().mapToLong(Integer::longValue).reduce(1, Math::multiplyExact);
        }

        long bytes() {
            return Math.multiplyExact(elements(), dtype.bytes());
        }

        void requireElements(long found) {
            if (found != elements()) {
                throw new IllegalArgumentException("tensor " + name + " of shape " + shape + ": " + found + " values");
            }
        }
    }

    private record HeaderEntry(DType dtype, List<Integer> shape, @JsonProperty("data_offsets") List<Long> offsets) {
    }

    /** Sets one text of the header's {@code __metadata__}. */
    public SafetensorsWriter metadata(String key, String value) {
        metadata.put(key, value);
        return this;
    }

    /**
     * Sets a text of the {@code __metadata__} that is known only when the data have been written.
     *
     * @param length of the value, in ASCII characters
     */
    public SafetensorsWriter lateMetadata(String key, int length, Supplier<String> value) {
        metadata.put(key, "-".repeat(length));
        lateMetadata.put(key, value);
        return this;
    }

    /**
     * Declares a tensor of floats.
     *
     * @param dtype  F32, F16 or BF16; for the latter two the values are rounded to the nearest, ties to even
     * @param shape  row-major, outermost dimension first
     * @param values asked for once, by {@link #write}; what remains in the buffer is the tensor
     */
    public SafetensorsWriter floats(String name, DType dtype, List<Integer> shape, Supplier<FloatBuffer> values) {
        if (dtype != DType.F32 && dtype != DType.F16 && dtype != DType.BF16) {
            throw new IllegalArgumentException("tensor " + name + ": floats as " + dtype);
        }
        return declare(name, dtype, shape, tensor -> {
            FloatBuffer source = values.get();
            tensor.requireElements(source.remaining());
            return chunk -> {
                while (chunk.hasRemaining()) {
                    float value = source.get();
                    switch (dtype) {
                        case F16 -> chunk.putShort(FloatFormats.toF16(value));
                        case BF16 -> chunk.putShort(FloatFormats.toBF16(value));
                        default -> chunk.putFloat(value);
                    }
                }
            };
        });
    }

    /** Declares a tensor of floats that are already in memory. */
    public SafetensorsWriter floats(String name, DType dtype, List<Integer> shape, float[] values) {
        return floats(name, dtype, shape, () -> FloatBuffer.wrap(values));
    }

    /** Declares an I64 tensor. */
    public SafetensorsWriter longs(String name, List<Integer> shape, long[] values) {
        return declare(name, DType.I64, shape, tensor -> {
            tensor.requireElements(values.length);
            var source = LongBuffer.wrap(values);
            return chunk -> {
                while (chunk.hasRemaining()) {
                    chunk.putLong(source.get());
                }
            };
        });
    }

    /** Declares a U8 tensor. */
    public SafetensorsWriter bytes(String name, List<Integer> shape, byte[] values) {
        return declare(name, DType.U8, shape, tensor -> {
            tensor.requireElements(values.length);
            var source = ByteBuffer.wrap(values);
            return chunk -> {
                while (chunk.hasRemaining()) {
                    chunk.put(source.get());
                }
            };
        });
    }

    /** Declares a tensor whose bytes the caller encodes. */
    public SafetensorsWriter tensor(String name, DType dtype, List<Integer> shape, Content content) {
        var tensor = new Entry(name, dtype, List.copyOf(shape), content);
        if (name.equals(SafetensorsHeader.METADATA) || tensors.putIfAbsent(name, tensor) != null) {
            throw new IllegalArgumentException("tensor name " + name + " is taken");
        }
        return this;
    }

    /** @param values supplies, when the tensor is written, a filler of one chunk after another with the next values */
    private SafetensorsWriter declare(String name, DType dtype, List<Integer> shape,
            Function<Entry, Consumer<ByteBuffer>> values) {
        return tensor(name, dtype, shape, sink -> {
            Entry tensor = tensors.get(name);
            Consumer<ByteBuffer> source = values.apply(tensor);
            var chunk = ByteBuffer.allocate(CHUNK).order(ByteOrder.LITTLE_ENDIAN);
            for (long left = tensor.bytes(); left > 0; left -= chunk.limit()) {
                source.accept(chunk.clear().limit((int) Math.min(CHUNK, left)));
                sink.put(chunk.flip());
            }
        });
    }

    /**
     * Writes the file. It appears under its name only once it is complete.
     *
     * @throws InputException           if it cannot be written there
     * @throws IllegalArgumentException if a tensor's values are more or fewer than its shape says
     */
    public void write(Path file) {
        write(file, complete -> { });
    }

    /** @param check examines the complete file before it gets its name, and throws to prevent that */
    public void write(Path file, Consumer<Path> check) {
        Path partial = file.resolveSibling(file.getFileName() + ".part");
        try {
            try {
                try (var channel = Files.newByteChannel(partial, StandardOpenOption.WRITE, StandardOpenOption.CREATE,
                        StandardOpenOption.TRUNCATE_EXISTING)) {
                    writeTo(channel);
                }
                check.accept(partial);
                Files.move(partial, file, StandardCopyOption.ATOMIC_MOVE);
            } finally {
                Files.deleteIfExists(partial);
            }
        } catch (IOException e) {
            throw InputException.unwritable(file, e);
        }
    }

    private void writeTo(SeekableByteChannel channel) throws IOException {
        var inDataOrder = new ArrayList<>(tensors.values());
        inDataOrder.sort(Comparator.comparingInt((Entry tensor) -> tensor.dtype().bytes()).reversed());

        ByteBuffer header = header(inDataOrder);
        int headerBytes = header.remaining();
        writeFully(channel, header);
        for (Entry tensor : inDataOrder) {
            long begin = channel.position();
            tensor.content().writeTo(bytes -> writeFully(channel, bytes));
            if (channel.position() - begin != tensor.bytes()) {
                throw new IllegalArgumentException("tensor " + tensor.name() + ": " + (channel.position() - begin)
                        + " bytes, where its shape has " + tensor.bytes());
            }
        }
        if (!lateMetadata.isEmpty()) {
            lateMetadata.forEach((key, value) -> metadata.put(key, value.get()));
            header = header(inDataOrder);
            if (header.remaining() != headerBytes) {
                throw new IllegalArgumentException("late metadata of another length: " + metadata);
            }
            writeFully(channel.position(0), header);
        }
    }

    /** The header with its length, padded with spaces so that the data start at a multiple of 8 bytes. */
    private ByteBuffer header(List<Entry> inDataOrder) throws JsonProcessingException {
        var entries = new LinkedHashMap<String, Object>();
        if (!metadata.isEmpty()) {
            entries.put(SafetensorsHeader.METADATA, metadata);
        }
        long begin = 0;
        for (Entry tensor : inDataOrder) {
            long end = begin + tensor.bytes();
            entries.put(tensor.name(), new HeaderEntry(tensor.dtype(), tensor.shape(), List.of(begin, end)));
            begin = end;
        }
        byte[] json = new ObjectMapper().writeValueAsBytes(entries);
        int length = (json.length + 7) / 8 * 8;
        var header = ByteBuffer.allocate(Long.BYTES + length).order(ByteOrder.LITTLE_ENDIAN).putLong(length).put(json);
        while (header.hasRemaining()) {
            header.put((byte) ' ');
        }
        return header.flip();
    }

    private static void writeFully(WritableByteChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }
}
