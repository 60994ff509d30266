package org.diffusionclassifier.pytorch;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** Texts as Python writes them into pickles of protocol 0, a line each. */
final class PythonText {

    private PythonText() {
    }

    /**
     * A byte string of Python 2 in quotes, as {@code repr} has it: ASCII, other bytes as {@code \xHH}.
     *
     * @return its bytes, read as UTF-8
     * @throws IllegalArgumentException if it is not written so
     */
    static String quoted(String line) {
        int last = line.length() - 1;
        if (last < 1 || line.charAt(0) != line.charAt(last) || "'\"".indexOf(line.charAt(0)) < 0) {
            throw new IllegalArgumentException("a text in quotes");
        }
        var bytes = new ByteArrayOutputStream();
        for (int i = 1; i < last; i++) {
            if (line.charAt(i) != '\\') {
                bytes.write(line.charAt(i));
                continue;
            }
            i++;
            switch (i < last ? line.charAt(i) : 0) {
                case '\\', '\'', '"' -> bytes.write(line.charAt(i));
                case 'n' -> bytes.write('\n');
                case 'r' -> bytes.write('\r');
                case 't' -> bytes.write('\t');
                case 'x' -> {
                    bytes.write(hexadecimal(line, i + 1, 2));
                    i += 2;
                }
                default -> throw new IllegalArgumentException("an escape that repr writes");
            }
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }

    /**
     * A text in Python's encoding raw-unicode-escape: Latin-1, other characters as {@code &#92;uHHHH} or
     * {@code &#92;UHHHHHHHH}.
     *
     * @throws IllegalArgumentException if it is not written so
     */
    static String escaped(String line) {
        var text = new StringBuilder();
        for (int i = 0; i < line.length(); i++) {
            char kind = line.charAt(i) == '\\' && i + 1 < line.length() ? line.charAt(i + 1) : 0;
            int digits = kind == 'u' ? 4 : kind == 'U' ? 8 : 0;
            if (digits == 0) {
                text.append(line.charAt(i));
            } else {
                int code = hexadecimal(line, i + 2, digits);
                if (!Character.isValidCodePoint(code)) {
                    throw new IllegalArgumentException("a character");
                }
                text.appendCodePoint(code);
                i += 1 + digits;
            }
        }
        return text.toString();
    }

    private static int hexadecimal(String line, int from, int digits) {
        if (from + digits <= line.length()) {
            try {
                return Integer.parseUnsignedInt(line.substring(from, from + digits), 16);
            } catch (NumberFormatException e) {
                // refused below, with what is too short
            }
        }
        throw new IllegalArgumentException(digits + " hexadecimal digits");
    }
}
