package org.diffusionclassifier.text;

import java.util.regex.Pattern;

/** What Unicode calls white space, the no-break spaces included, which Java's own {@code isWhitespace} leaves out. */
final class WhiteSpace {

    /** One of it or more. */
    static final Pattern RUN = Pattern.compile("\\s+", Pattern.UNICODE_CHARACTER_CLASS);

    private WhiteSpace() {
    }

    /** All of it is in the basic plane, so that a char is enough to tell. */
    static boolean is(char c) {
        return Character.isSpaceChar(c) || c >= '\t' && c <= '\r' || c == '\u0085';
    }
}
