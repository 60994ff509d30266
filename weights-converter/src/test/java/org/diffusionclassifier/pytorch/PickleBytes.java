package org.diffusionclassifier.pytorch;

import java.io.ByteArrayOutputStream;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.diffusionclassifier.tensor.DType;

/**
 * Writes pickles of protocol 2, opcode by opcode as {@code torch.save} does, and otherwise if a test wants it: one
 * method for each kind of value, and {@link #bytes} for anything else.
 */
public final class PickleBytes {

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    PickleBytes() {
        bytes(0x80, 2);
    }

    /** Opcodes and their arguments as they stand. */
    PickleBytes bytes(int... bytes) {
        for (int b : bytes) {
            out.write(b);
        }
        return this;
    }

    /** UTF-8 as it stands. */
    PickleBytes text(String text) {
        out.writeBytes(text.getBytes(StandardCharsets.UTF_8));
        return this;
    }

    PickleBytes global(String module, String name) {
        return bytes('c').text(module + "\n" + name + "\n");
    }

    /** A Boolean, Long, BigInteger, String, List (a tuple), Map (a dict), a tensor, or null. */
    PickleBytes value(Object value) {
        if (value == null) {
            bytes('N');
        } else if (value instanceof Boolean flag) {
            bytes(flag ? 0x88 : 0x89);
        } else if (value instanceof Long number) {
            integer(BigInteger.valueOf(number));
        } else if (value instanceof BigInteger number) {
            integer(number);
        } else if (value instanceof String text) {
            byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
            bytes('X').u32(utf8.length).out.writeBytes(utf8);
        } else if (value instanceof List<?> tuple) {
            bytes('(');
            tuple.forEach(this::value);
            bytes('t');
        } else if (value instanceof Map<?, ?> dict) {
            global("collections", "OrderedDict").bytes(')', 'R', '(');
            dict.forEach((key, item) -> value(key).value(item));
            bytes('u');
        } else if (value instanceof PytorchTensor tensor) {
            tensor(tensor);
        } else {
            throw new IllegalArgumentException(value.toString());
        }
        return this;
    }

    /** REDUCE of {@code _rebuild_tensor_v2} on the tensor's parts. */
    private void tensor(PytorchTensor tensor) {
        String type = Map.of(DType.F64, "Double", DType.F32, "Float", DType.F16, "Half", DType.BF16, "BFloat16",
                DType.I64, "Long").get(tensor.storage().dtype());
        global("torch._utils", "_rebuild_tensor_v2").bytes('(', '(').value("storage")
                .global("torch", type + "Storage").value(tensor.storage().key()).value("cpu")
                .value(tensor.storage().elements()).bytes('t', 'Q').value(tensor.offset())
                .value(tensor.shape().stream().map(Integer::longValue).toList()).value(tensor.strides())
                .value(false).value(Map.of()).bytes('t', 'R');
    }

    private void integer(BigInteger number) {
        byte[] highestFirst = number.toByteArray();
        bytes(0x8a, highestFirst.length);
        for (int i = highestFirst.length - 1; i >= 0; i--) {
            bytes(highestFirst[i]);
        }
    }

    PickleBytes u32(int value) {
        out.writeBytes(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(value).array());
        return this;
    }

    /** The pickle, after its STOP. */
    byte[] end() {
        bytes('.');
        return out.toByteArray();
    }
}
