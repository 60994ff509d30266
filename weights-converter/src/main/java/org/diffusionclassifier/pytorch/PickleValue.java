package org.diffusionclassifier.pytorch;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.diffusionclassifier.pytorch.PickleGlobals.Constructor;

/** What the {@link Unpickler} makes of a pickle's values that Java has no plain type for, and how messages show them. */
final class PickleValue {

    /** A list, tuple or set. Compared by identity, as a list may contain itself. */
    static final class Items {
        final List<Object> items;

        Items(List<Object> items) {
            this.items = items;
        }
    }

    /**
     * A dictionary in its order. Compared by identity. Keys are texts; an integer becomes its decimal digits, and
     * an entry under any other key, which could not name a tensor, is left out.
     */
    static final class Dict {
        final Map<String, Object> entries = new LinkedHashMap<>();

        void put(Object key, Object value) {
            if (key instanceof String || key instanceof Long) {
                entries.put(key.toString(), value);
            }
        }
    }

    /**
     * A global that is not known, or an object that came of calling one: a placeholder, whose items and attributes are
     * dropped.
     *
     * @param global whose it is
     */
    record Inert(String global) {

        @Override
        public String toString() {
            return "an object of " + global;
        }
    }

    /** Bytes, which this program does not use. */
    static final Object OPAQUE = new Inert("bytes");

    private PickleValue() {
    }

    /** A value as a message shows it, cut to a length that a hostile file cannot exceed. */
    static String describe(Object value) {
        if (value instanceof Items list) {
            return "a sequence of " + list.items.size();
        }
        if (value instanceof Dict dict) {
            return "a dict of " + dict.entries.size();
        }
        if (value instanceof Constructor) {
            return "a constructor";
        }
        String text = value == null ? "None" : value.toString();
        return text.length() <= 80 ? text : text.substring(0, 80) + "…";
    }
}
