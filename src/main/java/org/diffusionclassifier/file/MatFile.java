package org.diffusionclassifier.file;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.diffusionclassifier.tensor.InputException;

/**
 * The variables of a MATLAB file of version 5, what {@code save} writes with {@code -v6} and {@code -v7}: numbers,
 * texts, cells and structures. {@link MatReader} reads it; this class says what is wrong with a value, and where.
 *
 * @param file      for messages
 * @param variables by name, in the file's order
 */
public record MatFile(Path file, Map<String, Value> variables) {

    private static final long MAX_BYTES = 16 << 20;

    /** An array; its elements are in MATLAB's order, the first dimension running fastest. */
    public sealed interface Value {
    }

    /** Numbers of any class as doubles: integers beyond 2⁵³ are rounded. */
    public record Numbers(List<Integer> dimensions, double[] values) implements Value {
    }

    /** A matrix of characters, row by row; trailing blanks are kept. */
    public record Text(List<String> rows) implements Value {
    }

    /** A cell array. */
    public record Cells(List<Integer> dimensions, List<Value> cells) implements Value {
    }

    /** An array of structures that have the same fields. */
    public record Structures(List<Integer> dimensions, List<Map<String, Value>> elements) implements Value {
    }

    /** What is not read: an object, a sparse matrix, a function handle. */
    public record Unread(String kind) implements Value {
    }

    /** One structure of an array. */
    public record Structure(String where, Map<String, Value> fields) {

        /** @throws InputException unless the field is one whole number from {@code from} to {@code to} */
        public int integer(String name, int from, int to) {
            int[] values = integers(where + "." + name, fields.get(name), from, to);
            if (values.length != 1) {
                throw new InputException(where + "." + name + ": expected one number, found " + values.length);
            }
            return values[0];
        }

        /** @throws InputException unless the field is one line of text */
        public String text(String name) {
            if (fields.get(name) instanceof Text text && text.rows.size() == 1) {
                return text.rows.get(0);
            }
            throw new InputException(where + "." + name + ": expected text, found " + kind(fields.get(name)));
        }
    }

    /**
     * Reads all variables.
     *
     * @throws InputException for a file that cannot be read, is of another version, or is broken
     */
    public static MatFile read(Path file) {
        try {
            if (Files.size(file) > MAX_BYTES) {
                throw InputException.at(file, "expected a MATLAB file of at most " + MAX_BYTES
                        + " bytes, found one of " + Files.size(file));
            }
            return new MatFile(file, MatReader.read(Files.readAllBytes(file), InputException.name(file)));
        } catch (IOException e) {
            throw InputException.unreadable(file, e);
        }
    }

    /**
     * All elements of an array of numbers, whatever its shape.
     *
     * @throws InputException unless the variable is there and holds whole numbers from {@code from} to {@code to} alone
     */
    public int[] integers(String variable, int from, int to) {
        return integers(InputException.name(file) + ": " + variable, value(variable), from, to);
    }

    /** @throws InputException unless the variable is there and is an array of structures */
    public List<Structure> structures(String variable) {
        if (!(value(variable) instanceof Structures array)) {
            throw InputException.at(file, variable + ": expected structures, found " + kind(value(variable)));
        }
        String where = InputException.name(file) + ": " + variable;
        return array.elements.stream().map(fields -> new Structure(where, fields)).toList();
    }

    private Value value(String variable) {
        Value value = variables.get(variable);
        if (value == null) {
            throw InputException.at(file, "no variable " + variable + ", found "
                    + InputException.quoted(String.join(", ", variables.keySet())));
        }
        return value;
    }

    private static int[] integers(String where, Value value, int from, int to) {
        if (!(value instanceof Numbers numbers)) {
            throw new InputException(where + ": expected numbers, found " + kind(value));
        }
        var integers = new int[numbers.values.length];
        for (int i = 0; i < integers.length; i++) {
            double number = numbers.values[i];
            if (!(number >= from && number <= to) || number != Math.rint(number)) {
                throw new InputException(where + "(" + (i + 1) + "): expected a whole number from " + from + " to "
                        + to + ", found " + number);
            }
            integers[i] = (int) number;
        }
        return integers;
    }

    private static String kind(Value value) {
        if (value == null) {
            return "none";
        }
        return value instanceof Unread unread ? unread.kind : value.getClass().getSimpleName().toLowerCase(Locale.ROOT);
    }
}
