package org.diffusionclassifier.pytorch;

import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.diffusionclassifier.pytorch.PickleValue.Dict;
import org.diffusionclassifier.pytorch.PickleValue.Items;
import org.diffusionclassifier.tensor.DataFile;
import org.diffusionclassifier.tensor.InputException;

/**
 * A file that is one pickle of plain data, as lists of annotations are published: protocols 0 to 5, read by the
 * {@link Unpickler}, which calls nothing that a pickle names.
 */
public final class PickleFile {

    /**
     * Nearly twice what is charged for a list as long as RefCOCO's, of 142 000 sentences. Charges are upper estimates:
     * that list takes 140 MB.
     */
    private static final long MAX_HEAP = 1 << 30;

    private PickleFile() {
    }

    /**
     * Reads the value. A list, tuple or set is a {@link List}; a dict is a {@link Map} in its order, whose keys are
     * texts (an integer's are its digits); a number is a {@link Long}, {@link java.math.BigInteger} or {@link Double};
     * None is null. What the pickle holds several times is one object here, too; a list may contain itself.
     *
     * @throws InputException if the file cannot be read, is broken, holds anything else, or is too large
     */
    public static Object read(Path path) {
        return read(path, Unpickler::loadPlain);
    }

    /**
     * Reads the value as {@link #read(Path)} does, from protocol 1 on, with NumPy's matrices of bytes as {@link
     * Uint8Matrix}. Bytes, and strings of Python 2, are texts of Latin-1: so are they with Python 3's {@code
     * encoding="latin1"}.
     *
     * @throws InputException as {@link #read(Path)}
     */
    public static Object readMatrices(Path path) {
        return read(path, input -> Unpickler.loadBytes(input, new NumpyGlobals()));
    }

    private static Object read(Path path, Function<PickleInput, Object> reader) {
        return DataFile.open(path, file -> {
            try (file) {
                var budget = new HeapBudget(file, "a pickle that", MAX_HEAP);
                return new Plain().of(reader.apply(new PickleInput(file, 0, file.size(), budget)));
            }
        });
    }

    /** Turns the reader's own collections into Java's: each once, without recursion. */
    private static final class Plain {

        private final Map<Object, Object> collections = new IdentityHashMap<>();
        private final Deque<Runnable> toFill = new ArrayDeque<>();

        Object of(Object root) {
            Object plain = plain(root);
            while (!toFill.isEmpty()) {
                toFill.pop().run();
            }
            return plain;
        }

        private Object plain(Object value) {
            Object known = collections.get(value);
            if (known != null) {
                return known;
            }
            if (value instanceof Items items) {
                var list = new ArrayList<Object>(items.items.size());
                collections.put(value, Collections.unmodifiableList(list));
                toFill.push(() -> items.items.forEach(item -> list.add(plain(item))));
            } else if (value instanceof Dict dict) {
                var map = new LinkedHashMap<String, Object>();
                collections.put(value, Collections.unmodifiableMap(map));
                toFill.push(() -> dict.entries.forEach((key, item) -> map.put(key, plain(item))));
            } else {
                return value;
            }
            return collections.get(value);
        }
    }
}
