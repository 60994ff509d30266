package org.diffusionclassifier.dataset.published;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.tensor.TextFile;

/**
 * A line of a list.
 *
 * @param where {@code FILE:LINE}
 * @param text  not blank, without blanks around it
 */
record ListLine(String where, String text) {

    /** @throws InputException for a file that cannot be read or has no lines */
    static List<ListLine> read(Path file) {
        var lines = new ArrayList<ListLine>();
        int number = 0;
        try {
            for (String line : TextFile.lines(file)) {
                number++;
                if (!line.isBlank()) {
                    lines.add(new ListLine(InputException.name(file) + ":" + number, line.strip()));
                }
            }
        } catch (IOException e) {
            throw InputException.unreadable(file, e);
        }
        if (lines.isEmpty()) {
            throw InputException.at(file, "expected a list, found an empty file");
        }
        return lines;
    }

    /** The texts of a list of names, each of which is there once. */
    static List<String> names(Path file) {
        var names = new ArrayList<String>();
        for (ListLine line : read(file)) {
            if (names.contains(line.text)) {
                throw new InputException(line.where + ": " + InputException.quoted(line.text) + " is there twice");
            }
            names.add(line.text);
        }
        return names;
    }

    /** Its fields, which blanks separate; the last may contain some. */
    String[] fields(int count, String expected) {
        String[] fields = text.split("\\s+", count);
        if (fields.length != count) {
            throw wrong(expected);
        }
        return fields;
    }

    /** A field that is a number from {@code from} to {@code to}. */
    int number(String field, int from, int to, String what) {
        try {
            int number = Integer.parseInt(field);
            if (number >= from && number <= to) {
                return number;
            }
        } catch (NumberFormatException e) {
            // refused below, with those out of range
        }
        throw new InputException(where + ": expected " + what + " from " + from + " to " + to + ", found "
                + InputException.quoted(field));
    }

    InputException wrong(String expected) {
        return new InputException(where + ": expected " + expected + ", found " + InputException.quoted(text));
    }
}
