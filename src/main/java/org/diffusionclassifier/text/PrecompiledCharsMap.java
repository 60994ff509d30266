package org.diffusionclassifier.text;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * SentencePiece's normalisation of a text, character by character, by a table that was compiled into the model
 * ({@code precompiled_charsmap}; T5's is nearly NFKC, and makes spaces of control characters).
 *
 * <pre>
 *   u32               bytes of the trie
 *   u32[]             a double-array trie (Darts-clone) of the UTF-8 of what is replaced; its values are places in …
 *   bytes             … the replacements, UTF-8, each with a 0 at its end
 * </pre>
 *
 * A unit of the trie, reached by a byte c at {@code place ^ c}:
 *
 * <pre>
 *   bits 0–7 and 31   the label, c; in a unit that holds a value, bits 0–30 are that value
 *   bit 8             whether a key ends here: its value is in the unit at this one's offset
 *   bits 10–30        the offset, to be moved by 8 more bits where bit 9 is set; the children are about place ^ offset
 * </pre>
 *
 * Of several keys that begin a cluster of characters, the shortest is taken and stands for the whole cluster. This is
 * what Hugging Face's tokenizers do ({@code spm_precompiled}), with which the published encoders are run; SentencePiece
 * itself takes the longest, and goes on behind it.
 */
final class PrecompiledCharsMap implements UnaryOperator<String> {

    /** A grapheme cluster. */
    private static final Pattern CLUSTER = Pattern.compile("\\X");

    /** Clusters of so many bytes are looked up character by character at once. */
    private static final int LONG_CLUSTER = 6;

    private final int[] units;
    private final byte[] replacements;

    /** @throws IllegalArgumentException if that is no such table */
    PrecompiledCharsMap(byte[] table) {
        ByteBuffer bytes = ByteBuffer.wrap(table).order(ByteOrder.LITTLE_ENDIAN);
        int size = table.length < Integer.BYTES ? 0 : bytes.getInt();
        if (size <= 0 || size % Integer.BYTES != 0 || size > bytes.remaining()) {
            throw new IllegalArgumentException("a trie of " + Integer.toUnsignedString(size) + " bytes in a table of "
                    + table.length);
        }
        units = new int[size / Integer.BYTES];
        bytes.asIntBuffer().get(units);
        replacements = new byte[bytes.remaining() - size];
        bytes.position(bytes.position() + size).get(replacements);
    }

    @Override
    public String apply(String text) {
        var normalized = new StringBuilder(text.length());
        for (Matcher cluster = CLUSTER.matcher(text); cluster.find();) {
            append(cluster.group(), normalized);
        }
        return normalized.toString();
    }

    private void append(String cluster, StringBuilder normalized) {
        byte[] utf8 = cluster.getBytes(StandardCharsets.UTF_8);
        String whole = utf8.length < LONG_CLUSTER ? replacement(utf8) : null;
        if (whole != null) {
            normalized.append(whole);
            return;
        }
        cluster.codePoints().mapToObj(Character::toString).forEach(character -> {
            String single = replacement(character.getBytes(StandardCharsets.UTF_8));
            normalized.append(single == null ? character : single);
        });
    }

    /** Of the shortest key that {@code text} begins with; null for none, or where the table is damaged. */
    private String replacement(byte[] text) {
        int at = offset(units[0]);
        for (byte c : text) {
            at ^= c & 0xFF;
            if (c == 0 || at >= units.length || (units[at] & 0x800000FF) != (c & 0xFF)) {
                return null;
            }
            int unit = units[at];
            at ^= offset(unit);
            if ((unit & 1 << 8) != 0) {
                return at >= units.length ? null : replacement(units[at] & Integer.MAX_VALUE);
            }
        }
        return null;
    }

    private static int offset(int unit) {
        return unit >>> 10 << ((unit & 1 << 9) >>> 6) & Integer.MAX_VALUE;
    }

    private String replacement(int from) {
        int to = from;
        while (to < replacements.length && replacements[to] != 0) {
            to++;
        }
        return from > replacements.length ? null
                : new String(replacements, from, to - from, StandardCharsets.UTF_8);
    }
}
