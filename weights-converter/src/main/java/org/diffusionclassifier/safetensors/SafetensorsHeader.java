package org.diffusionclassifier.safetensors;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.diffusionclassifier.config.JsonConfig;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.DataFile;
import org.diffusionclassifier.tensor.InputException;

/**
 * The header of a safetensors file (format: github.com/huggingface/safetensors, README "Format"):
 *
 * <pre>
 *   8 bytes   n, the header's length, unsigned little-endian
 *   n bytes   {"NAME": {"dtype": "F16", "shape": [2, 3], "data_offsets": [BEGIN, END]}, …, "__metadata__": {…}}
 *   the rest  data, which BEGIN and END count into
 * </pre>
 *
 * The file may be hostile: every number is checked against the length of the file before anything is allocated or read
 * by it. The tensors must cover the data exactly, without holes or overlaps. One of a type that nothing reads is listed
 * with the others, and refused when it is asked for.
 *
 * @param tensors  by name, in the order of their data
 * @param metadata the free text of {@code __metadata__}, empty where there is none
 */
record SafetensorsHeader(Map<String, TensorInfo> tensors, Map<String, String> metadata) {

    static final String METADATA = "__metadata__";

    /** The format's own cap on the length of a header, in bytes. */
    private static final long MAX_LENGTH = 100_000_000;

    /** Reads and checks the header. */
    static SafetensorsHeader read(DataFile data) {
        Path file = data.path();
        long size = data.size();
        if (size < Long.BYTES + 2) {
            throw new InputException(file + ": expected a safetensors file of at least 10 bytes, found " + size);
        }
        long length = data.read(0, ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN)).getLong();
        long available = size - Long.BYTES;
        if (length < 2 || length > Math.min(available, MAX_LENGTH)) {
            throw new InputException(file + ": not a safetensors file: expected a header length of 2 to "
                    + Math.min(available, MAX_LENGTH) + " bytes, found " + Long.toUnsignedString(length));
        }
        byte[] json = data.read(Long.BYTES, ByteBuffer.allocate((int) length)).array();
        var reader = new InputStreamReader(new ByteArrayInputStream(json), StandardCharsets.UTF_8.newDecoder());
        try {
            return new Parser(file, Long.BYTES + length, available - length)
                    .parse(JsonConfig.parse(file.toString(), reader));
        } catch (IOException e) {
            throw InputException.unreadable(file, e);
        }
    }

    /**
     * @param dataStart where the data begin in the file
     * @param dataBytes how many bytes of data the file holds
     */
    private record Parser(Path file, long dataStart, long dataBytes) {

        SafetensorsHeader parse(JsonNode header) {
            var tensors = new ArrayList<TensorInfo>();
            Map<String, String> metadata = Map.of();
            for (Map.Entry<String, JsonNode> field : header.properties()) {
                if (field.getKey().equals(METADATA)) {
                    metadata = metadata(field.getValue());
                } else {
                    tensors.add(tensor(field.getKey(), field.getValue()));
                }
            }
            tensors.sort(Comparator.comparingLong(TensorInfo::offset).thenComparingLong(TensorInfo::bytes));
            requireFullCover(tensors);
            var byName = new LinkedHashMap<String, TensorInfo>();
            tensors.forEach(tensor -> byName.put(tensor.name(), tensor));
            return new SafetensorsHeader(Collections.unmodifiableMap(byName), metadata);
        }

        private Map<String, String> metadata(JsonNode node) {
            if (node.isNull()) {
                return Map.of();
            }
            if (!node.isObject()) {
                throw new InputException(file + ": " + METADATA + ": expected an object, found "
                        + JsonConfig.excerpt(node));
            }
            var metadata = new LinkedHashMap<String, String>();
            for (Map.Entry<String, JsonNode> field : node.properties()) {
                if (!field.getValue().isTextual()) {
                    throw new InputException(file + ": " + METADATA + ": expected a string for " + field.getKey()
                            + ", found " + JsonConfig.excerpt(field.getValue()));
                }
                metadata.put(field.getKey(), field.getValue().textValue());
            }
            return Collections.unmodifiableMap(metadata);
        }

        private TensorInfo tensor(String name, JsonNode entry) {
            if (!entry.path("dtype").isTextual()) {
                throw wrong(name, "a dtype", entry, "dtype");
            }
            DType dtype = DType.named(entry.path("dtype").textValue());
            List<Integer> shape = shape(name, entry);
            long bytes = bytes(name, entry, dtype, shape);
            JsonNode offsets = entry.path("data_offsets");
            if (!offsets.isArray() || offsets.size() != 2 || !offsets.valueStream()
                    .allMatch(offset -> offset.isIntegralNumber() && offset.canConvertToLong())) {
                throw wrong(name, "data_offsets [begin, end]", entry, "data_offsets");
            }
            long begin = offsets.get(0).longValue();
            long end = offsets.get(1).longValue();
            if (begin < 0 || begin > end) {
                throw wrong(name, "data_offsets with 0 <= begin <= end", entry, "data_offsets");
            }
            if (end > dataBytes) {
                throw wrong(name, "data_offsets within the " + dataBytes + " bytes of data in the file (truncated?)",
                        entry, "data_offsets");
            }
            if (end - begin != bytes && dtype != DType.OTHER) {
                throw wrong(name, bytes + " bytes for " + dtype + " " + shape, entry, "data_offsets");
            }
            return new TensorInfo(name, dtype, shape, dataStart + begin, end - begin);
        }

        private List<Integer> shape(String name, JsonNode entry) {
            JsonNode node = entry.path("shape");
            if (!node.isArray()) {
                throw wrong(name, "a shape", entry, "shape");
            }
            var shape = new ArrayList<Integer>();
            for (JsonNode dimension : node) {
                if (!dimension.isIntegralNumber() || !dimension.canConvertToInt() || dimension.intValue() < 0) {
                    throw wrong(name, "a shape of integers from 0 to 2^31 - 1", entry, "shape");
                }
                shape.add(dimension.intValue());
            }
            return shape;
        }

        private long bytes(String name, JsonNode entry, DType dtype, List<Integer> shape) {
            try {
                long elements = 1;
                for (int dimension : shape) {
                    elements = Math.multiplyExact(elements, dimension);
                }
                return Math.addExact(Math.multiplyExact(elements, dtype.bits()), Byte.SIZE - 1) / Byte.SIZE;
            } catch (ArithmeticException overflow) {
                throw wrong(name, "fewer than 2^63 bits", entry, "shape");
            }
        }

        private void requireFullCover(List<TensorInfo> inDataOrder) {
            long covered = dataStart;
            String last = "the header";
            for (TensorInfo tensor : inDataOrder) {
                if (tensor.offset() != covered) {
                    throw new InputException(file + ": tensor " + tensor.name() + ": expected its data right after "
                            + last + ", found " + (tensor.offset() < covered ? "an overlap" : "a hole") + " of "
                            + Math.abs(tensor.offset() - covered) + " bytes");
                }
                covered += tensor.bytes();
                last = tensor.name();
            }
            if (covered != dataStart + dataBytes) {
                throw new InputException(file + ": expected the end of the file after " + last + ", found "
                        + (dataStart + dataBytes - covered) + " more bytes");
            }
        }

        private InputException wrong(String name, String expected, JsonNode entry, String key) {
            JsonNode found = entry.path(key);
            return new InputException(file + ": tensor " + name + ": expected " + expected + ", found "
                    + (found.isMissingNode() ? "no " + key : key + " " + JsonConfig.excerpt(found)));
        }
    }
}
