package org.diffusionclassifier.testing;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.diffusionclassifier.safetensors.SafetensorsFile;

/** Writes a state dict as {@code torch.save} does: a zip of a pickle (protocol 2) and a file of floats each tensor. */
public final class TorchFile {

    private final ByteArrayOutputStream pickle = new ByteArrayOutputStream();

    private TorchFile() {
    }

    /** The tensors of a safetensors file, as F32. */
    public static Path write(SafetensorsFile tensors, Path file) throws IOException {
        var dict = new TorchFile();
        dict.opcodes(0x80, 2, '}', '(');                                        // protocol 2, a dict and its items
        var names = new ArrayList<>(tensors.names());
        for (int i = 0; i < names.size(); i++) {
            dict.item(names.get(i), Integer.toString(i), tensors.shape(names.get(i)));
        }
        dict.opcodes('u', '.');
        try (var zip = new ZipOutputStream(Files.newOutputStream(file))) {
            put(zip, "archive/data.pkl", dict.pickle.toByteArray());
            for (int i = 0; i < names.size(); i++) {
                var values = FloatBuffer.allocate((int) tensors.elements(names.get(i)));
                tensors.read(names.get(i), values);
                var bytes = ByteBuffer.allocate(4 * values.capacity()).order(ByteOrder.LITTLE_ENDIAN);
                bytes.asFloatBuffer().put(values.array());
                put(zip, "archive/data/" + i, bytes.array());
            }
            put(zip, "archive/version", "3\n".getBytes(StandardCharsets.US_ASCII));
        }
        return file;
    }

    private static void put(ZipOutputStream zip, String name, byte[] bytes) throws IOException {
        var entry = new ZipEntry(name);
        var crc = new CRC32();
        crc.update(bytes);
        entry.setMethod(ZipEntry.STORED);
        entry.setSize(bytes.length);
        entry.setCrc(crc.getValue());
        zip.putNextEntry(entry);
        zip.write(bytes);
    }

    /** name: torch._utils._rebuild_tensor_v2(storage, 0, shape, strides, False, OrderedDict()) */
    private void item(String name, String key, List<Integer> shape) {
        text(name);
        global("torch._utils", "_rebuild_tensor_v2");
        opcodes('(', '(');
        text("storage");
        global("torch", "FloatStorage");
        text(key);
        text("cpu");
        number(shape.stream().reduce(1, Math::multiplyExact));
        opcodes('t', 'Q');                                                      // a reference to the storage
        number(0);
        opcodes('(');
        shape.forEach(this::number);
        opcodes('t', '(');
        for (int i = 1; i <= shape.size(); i++) {
            number(shape.subList(i, shape.size()).stream().reduce(1, Math::multiplyExact));
        }
        opcodes('t', 0x89);
        global("collections", "OrderedDict");
        opcodes(')', 'R', 't', 'R');                                            // both are called
    }

    private void opcodes(int... codes) {
        for (int code : codes) {
            pickle.write(code);
        }
    }

    private void global(String module, String name) {
        pickle.write('c');
        pickle.writeBytes((module + "\n" + name + "\n").getBytes(StandardCharsets.US_ASCII));
    }

    private void text(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        pickle.write('X');
        pickle.writeBytes(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(utf8.length).array());
        pickle.writeBytes(utf8);
    }

    private void number(int value) {
        pickle.write('J');
        pickle.writeBytes(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(value).array());
    }
}
