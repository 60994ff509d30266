package org.diffusionclassifier.file;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import org.diffusionclassifier.file.MatFile.Value;
import org.diffusionclassifier.tensor.InputException;

/**
 * Reads MATLAB's level 5 (format: <em>MAT-File Format</em>, The MathWorks, chapter 1). A header of 128 bytes is
 * followed by elements: a tag of type and size, and data padded to 8 bytes.
 * <pre>
 *   file     text[116]  subsystem[8]  version u16  "MI", or "IM" where bytes are little-endian     elements
 *   element  type u32  size u32  data[size]  padding         or, for up to 4 bytes:  size u16 | type u16  data[4]
 *   matrix   flags[8]  dimensions[…]  name[…]  then  numbers: real part     text: its characters     cells: matrices
 *                                                    structures: length of a name, names, matrices field by field
 * </pre>
 * An element may be a matrix that zlib has compressed. Numbers may be stored in a narrower type than their class.
 * Every size is checked against the bytes that are there before anything is allocated by it.
 */
final class MatReader {

    private static final int HEADER = 128;
    private static final int MATRIX = 14;
    private static final int COMPRESSED = 15;

    /** All elements together when they are unpacked; values in memory take up to ten times as much. */
    private static final int MAX_UNPACKED = 16 << 20;
    private static final int MAX_DEPTH = 16;
    private static final int COMPLEX = 0x08;

    private static final String[] CLASSES = {"nothing", "cell", "struct", "object", "char", "sparse", "double",
        "single", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "function handle",
        "opaque"};

    private final String where;
    private final ByteOrder order;
    private int unpacked;

    private record Element(int type, ByteBuffer data) {
    }

    private record Matrix(String name, Value value) {
    }

    private MatReader(String where, ByteOrder order) {
        this.where = where;
        this.order = order;
    }

    static Map<String, Value> read(byte[] bytes, String where) {
        String mark = bytes.length < HEADER ? "" : new String(bytes, HEADER - 2, 2, StandardCharsets.ISO_8859_1);
        if (!mark.equals("IM") && !mark.equals("MI")) {
            throw new InputException(where + ": expected a MATLAB file of version 5 (save -v6 or -v7), found none");
        }
        var order = mark.equals("IM") ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN;
        int version = ByteBuffer.wrap(bytes).order(order).getShort(HEADER - 4);
        if (version != 0x0100) {
            throw new InputException(where + ": expected a MATLAB file of version 5 (save -v6 or -v7), found version "
                    + (version == 0x0200 ? "7.3, which is HDF5" : String.format("0x%04x", version)));
        }
        var reader = new MatReader(where, order);
        var variables = new LinkedHashMap<String, Value>();
        var file = ByteBuffer.wrap(bytes, HEADER, bytes.length - HEADER).slice().order(order);
        while (file.hasRemaining()) {
            Element element = reader.element(file);
            if (element.type == COMPRESSED) {
                element = reader.element(reader.inflated(element.data));
            }
            if (element.type == MATRIX) {
                Matrix matrix = reader.matrix(element.data, 0);
                variables.put(matrix.name, matrix.value);
            }
        }
        return variables;
    }

    private Matrix matrix(ByteBuffer data, int depth) {
        if (!data.hasRemaining()) {
            return new Matrix("", new MatFile.Numbers(List.of(0, 0), new double[0]));    // as an empty cell is stored
        }
        if (depth == MAX_DEPTH) {
            throw wrong("at most " + MAX_DEPTH + " arrays in each other", "more");
        }
        ByteBuffer flags = element(data).data;
        if (flags.remaining() != 8) {
            throw wrong("8 bytes of flags", flags.remaining());
        }
        int bits = flags.getInt();
        String kind = CLASSES[Math.min(bits & 0xff, CLASSES.length - 1)];
        if (kind.equals("opaque")) {
            return new Matrix("", new MatFile.Unread(kind));    // laid out otherwise
        }
        List<Integer> dimensions = dimensions(element(data));
        long count = 1;
        for (int dimension : dimensions) {
            count = Math.min(count * dimension, Integer.MAX_VALUE);
        }
        String name = text(element(data));
        Value value = switch (kind) {
            case "cell" -> new MatFile.Cells(dimensions, cells(data, count, depth));
            case "struct" -> new MatFile.Structures(dimensions, structures(data, count, depth));
            case "char" -> new MatFile.Text(rows(text(element(data)), dimensions, count));
            case "nothing", "object", "sparse", "function handle" -> new MatFile.Unread(kind);
            default -> {
                if ((bits >> 8 & COMPLEX) != 0) {
                    yield new MatFile.Unread("complex");
                }
                double[] values = numbers(element(data));
                requireCount(count, values.length);
                yield new MatFile.Numbers(dimensions, values);
            }
        };
        return new Matrix(name, value);
    }

    private List<Integer> dimensions(Element element) {
        var dimensions = new ArrayList<Integer>();
        for (double dimension : numbers(element)) {
            if (!(dimension >= 0 && dimension <= Integer.MAX_VALUE)) {
                throw wrong("dimensions from 0 to 2^31 - 1", dimension);
            }
            dimensions.add((int) dimension);
        }
        return List.copyOf(dimensions);
    }

    private List<Value> cells(ByteBuffer data, long count, int depth) {
        if (count > data.remaining() / 8) {    // of which a tag alone takes as many
            throw wrong(count + " elements", "at most " + data.remaining() / 8);
        }
        var cells = new ArrayList<Value>((int) count);
        for (long i = 0; i < count; i++) {
            Element element = element(data);
            if (element.type != MATRIX) {
                throw wrong("an array in an array", "an element of type " + element.type);
            }
            cells.add(matrix(element.data, depth + 1).value);
        }
        return cells;
    }

    private List<Map<String, Value>> structures(ByteBuffer data, long count, int depth) {
        double[] length = numbers(element(data));
        ByteBuffer names = element(data).data;
        if (length.length != 1 || length[0] < 1 || names.remaining() % length[0] != 0) {
            throw wrong("names of fields of one length", names.remaining() + " bytes");
        }
        var fields = new ArrayList<String>();
        while (names.hasRemaining()) {
            var name = new byte[(int) length[0]];
            names.get(name);
            fields.add(new String(name, StandardCharsets.UTF_8).split("\0", 2)[0]);
        }
        if (fields.isEmpty()) {
            return List.of();
        }
        List<Value> values = cells(data, Math.min(count * fields.size(), Integer.MAX_VALUE), depth);
        var structures = new ArrayList<Map<String, Value>>();
        for (int first = 0; first < values.size(); first += fields.size()) {
            var structure = new LinkedHashMap<String, Value>();
            for (int field = 0; field < fields.size(); field++) {
                structure.put(fields.get(field), values.get(first + field));
            }
            structures.add(structure);
        }
        return structures;
    }

    /** Characters are stored column by column. */
    private List<String> rows(String characters, List<Integer> dimensions, long count) {
        requireCount(count, characters.length());
        int height = dimensions.isEmpty() || count == 0 ? 0 : dimensions.get(0);
        if (height <= 1) {
            return List.of(characters);
        }
        var rows = new ArrayList<String>();
        for (int row = 0; row < height; row++) {
            var line = new StringBuilder();
            for (int i = row; i < characters.length(); i += height) {
                line.append(characters.charAt(i));
            }
            rows.add(line.toString());
        }
        return rows;
    }

    private String text(Element element) {
        Charset big = StandardCharsets.UTF_16BE;
        Charset charset = switch (element.type) {
            case 1, 2, 16 -> StandardCharsets.UTF_8;                                         // miINT8, miUINT8, miUTF8
            case 3, 4, 17 -> order == ByteOrder.BIG_ENDIAN ? big : StandardCharsets.UTF_16LE;   // …16, miUTF16
            case 18 -> Charset.forName(order == ByteOrder.BIG_ENDIAN ? "UTF-32BE" : "UTF-32LE");
            default -> throw wrong("characters", "an element of type " + element.type);
        };
        return charset.decode(element.data).toString();
    }

    private double[] numbers(Element element) {
        ByteBuffer data = element.data;
        int bytes = switch (element.type) {
            case 1, 2 -> 1;         // miINT8, miUINT8
            case 3, 4 -> 2;         // miINT16, miUINT16
            case 5, 6, 7 -> 4;      // miINT32, miUINT32, miSINGLE
            case 9, 12, 13 -> 8;    // miDOUBLE, miINT64, miUINT64
            default -> throw wrong("numbers", "an element of type " + element.type);
        };
        if (data.remaining() % bytes != 0) {
            throw wrong("numbers of " + bytes + " bytes", data.remaining() + " bytes");
        }
        var values = new double[data.remaining() / bytes];
        for (int i = 0; i < values.length; i++) {
            values[i] = switch (element.type) {
                case 1 -> data.get();
                case 2 -> data.get() & 0xff;
                case 3 -> data.getShort();
                case 4 -> data.getShort() & 0xffff;
                case 5 -> data.getInt();
                case 6 -> data.getInt() & 0xffff_ffffL;
                case 7 -> data.getFloat();
                case 9 -> data.getDouble();
                case 12 -> data.getLong();
                default -> unsigned(data.getLong());
            };
        }
        return values;
    }

    private static double unsigned(long value) {
        return value >= 0 ? value : (value >>> 1 | value & 1) * 2.0;    // the last bit kept, so that it rounds once
    }

    /** The next element, and past it in {@code from}; compressed ones alone are not padded. */
    private Element element(ByteBuffer from) {
        require(from, 8);
        int tag = from.getInt();
        int type = tag;
        long size = tag >>> 16;
        boolean small = size != 0;
        if (small) {
            type = tag & 0xffff;
            require(from, size);
            if (size > 4) {
                throw wrong("at most 4 bytes beside a tag", size);
            }
        } else {
            size = from.getInt() & 0xffff_ffffL;
            require(from, size);
        }
        ByteBuffer data = from.slice(from.position(), (int) size).order(order);
        long padded = small ? 4 : type == COMPRESSED ? size : (size + 7) / 8 * 8;
        from.position((int) Math.min(from.position() + padded, from.limit()));
        return new Element(type, data);
    }

    private ByteBuffer inflated(ByteBuffer data) {
        var inflater = new Inflater();
        try {
            inflater.setInput(data);
            var out = new ByteArrayOutputStream();
            var buffer = new byte[1 << 16];
            while (!inflater.finished()) {
                int length = inflater.inflate(buffer);
                if (length == 0 && !inflater.finished()) {
                    throw wrong("a whole compressed element", "one cut short");
                }
                unpacked += length;
                if (unpacked > MAX_UNPACKED) {
                    throw wrong("at most " + MAX_UNPACKED + " bytes when it is unpacked", "more");
                }
                out.write(buffer, 0, length);
            }
            return ByteBuffer.wrap(out.toByteArray()).order(order);
        } catch (DataFormatException e) {
            throw wrong("a compressed element", "what zlib does not read");
        } finally {
            inflater.end();
        }
    }

    private void require(ByteBuffer from, long bytes) {
        if (bytes > from.remaining()) {
            throw wrong(bytes + " more bytes", from.remaining() + " (truncated?)");
        }
    }

    private void requireCount(long expected, int found) {
        if (expected != found) {
            throw wrong(expected + " elements by an array's dimensions", found);
        }
    }

    private InputException wrong(String expected, Object found) {
        return new InputException(where + ": broken MATLAB file: expected " + expected + ", found " + found);
    }
}
