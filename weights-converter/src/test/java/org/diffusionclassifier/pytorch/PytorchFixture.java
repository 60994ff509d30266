package org.diffusionclassifier.pytorch;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.diffusionclassifier.pytorch.PytorchTensor.Storage;
import org.diffusionclassifier.pytorch.ZipBytes.Entry;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.Weights;

/** Checkpoints as {@code torch.save} writes them, made without it: storages, a pickle, and the two forms of file. */
public final class PytorchFixture {

    private final Map<Storage, byte[]> storages = new LinkedHashMap<>();

    /** The weights of a model, contiguous, stored as F32: exact for any F16, BF16 or F32 that they were read from. */
    public Map<String, Object> stateDict(Weights weights) {
        var dict = new LinkedHashMap<String, Object>();
        for (String name : weights.names()) {
            List<Integer> shape = weights.shape(name);
            var values = new float[shape.stream().reduce(1, (a, b) -> a * b)];
            weights.read(name, FloatBuffer.wrap(values));
            dict.put(name, contiguous(storage(values), shape));
        }
        return dict;
    }

    /** A new storage of F32. */
    Storage storage(float... values) {
        ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        return storage(DType.F32, values.length, bytes.array());
    }

    /** A new storage, which says that it has {@code elements}, whatever it has. */
    Storage storage(DType dtype, long elements, byte[] bytes) {
        var storage = new Storage(Integer.toString(storages.size()), dtype, elements);
        storages.put(storage, bytes);
        return storage;
    }

    /** The first elements of a storage, in row-major order. */
    public static PytorchTensor contiguous(Storage storage, List<Integer> shape) {
        var strides = new ArrayList<Long>();
        long stride = 1;
        for (int i = shape.size() - 1; i >= 0; i--) {
            strides.add(0, stride);
            stride *= shape.get(i);
        }
        return new PytorchTensor(storage, 0, shape, strides);
    }

    /** The entries of the zip form, in the order of torch.save. */
    List<Entry> entries(byte[] pickle, String byteOrder) {
        var entries = new ArrayList<>(List.of(Entry.of("archive/data.pkl", pickle),
                Entry.of("archive/byteorder", byteOrder.getBytes(StandardCharsets.US_ASCII))));
        storages.forEach((storage, bytes) -> entries.add(Entry.of("archive/data/" + storage.key(), bytes)));
        entries.add(Entry.of("archive/version", "3\n".getBytes(StandardCharsets.US_ASCII)));
        return entries;
    }

    public byte[] zip(byte[] pickle) {
        return ZipBytes.write(false, entries(pickle, "little"));
    }

    public byte[] zip(Object root) {
        return zip(new PickleBytes().value(root).end());
    }

    public byte[] legacy(byte[] pickle) {
        var out = new ByteArrayOutputStream();
        out.writeBytes(new PickleBytes().value(new BigInteger("1950a86a20f9469cfc6c", 16)).end());
        out.writeBytes(new PickleBytes().value(1001L).end());
        out.writeBytes(new PickleBytes().value(Map.of("little_endian", true)).end());
        out.writeBytes(pickle);
        out.writeBytes(new PickleBytes().value(storages.keySet().stream().map(Storage::key).toList()).end());
        storages.forEach((storage, bytes) -> {
            out.writeBytes(ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(storage.elements()).array());
            out.writeBytes(bytes);
        });
        return out.toByteArray();
    }

    public byte[] legacy(Object root) {
        return legacy(new PickleBytes().value(root).end());
    }

    /** A file of a model's weights, each a storage of its own, stored as F32. */
    public static Path write(Weights weights, Path file) throws IOException {
        var fixture = new PytorchFixture();
        return Files.write(file, fixture.zip(fixture.stateDict(weights)));
    }

    /** A file of one tensor {@code name} [1]. */
    public static Path scalar(Path file, String name, float value) throws IOException {
        var fixture = new PytorchFixture();
        return Files.write(file, fixture.zip(Map.of(name, contiguous(fixture.storage(value), List.of(1)))));
    }
}
