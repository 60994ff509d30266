package org.diffusionclassifier.pytorch;

import static org.diffusionclassifier.testing.Fixtures.inputError;
import static org.diffusionclassifier.testing.Fixtures.resource;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Pickles that Python 2.7 wrote (src/test/resources/pickle/make.py), and such as it would not write. */
class PickleFileTest {

    @TempDir
    Path temp;

    @ParameterizedTest
    @ValueSource(strings = {"pickle-0", "pickle-1", "pickle-2", "cPickle-0", "cPickle-1", "cPickle-2"})
    void readsWhatPython2Wrote(String name) {
        var value = (List<?>) PickleFile.read(resource("pickle/" + name + ".p"));
        var ref = (Map<?, ?>) value.get(0);
        assertEquals(7L, ref.get("ref_id"));
        assertEquals("testA", ref.get("split"));
        assertEquals(List.of(Map.of("tokens", List.of("man", "in", "café"), "raw", "it's \"here\"\n")),
                ref.get("sentences"));
        var other = (Map<?, ?>) value.get(1);
        assertNull(other.get("1"));
        assertEquals(List.of(1.5, -2L), other.get("pair"));
        assertEquals(BigInteger.ONE.shiftLeft(70), other.get("large"));
        assertEquals(5L, other.get("long"));
        assertEquals("café", other.get("bytes"));
        assertEquals("猫🐈", other.get("wide"));
        assertEquals(List.of(List.of(), List.of(), Map.of(), "", ""), other.get("empty"));
        assertEquals(List.of("one"), value.get(2));
        assertSame(value.get(2), value.get(3));
    }

    @Test
    void aListThatContainsItselfIsOne() throws IOException {
        var list = (List<?>) PickleFile.read(file("(lp0\ng0\na."));
        assertSame(list, list.get(0));
    }

    /** A million lists in each other would overflow the stack of a reader that recurses. */
    @Test
    void depthTakesNoStack() throws IOException {
        var value = (List<?>) PickleFile.read(file("]".repeat(1_000_000) + "a".repeat(999_999) + "."));
        int depth = 1;
        for (; !value.isEmpty(); depth++) {
            value = (List<?>) value.get(0);
        }
        assertEquals(1_000_000, depth);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', textBlock = """
            cos;system;(S'ls';tR.   | 11 | only plain data                 | the global os.system
            S'abc;.                 |  6 | a text in quotes                | 'abc
            S'a\\q';.               |  7 | an escape that repr writes      | 'a\\q'
            S'\\x4';.               |  7 | 2 hexadecimal digits            | '\\x4'
            S'\\';.                 |  5 | an escape that repr writes      | '\\'
            V\\u12;.                |  6 | 4 hexadecimal digits            | \\u12
            V\\U00110000;.          | 12 | a character                     | \\U00110000
            F1.2.3;.                |  7 | a number                        | 1.2.3
            g0;.                    |  3 | a memo entry 0                  | none
            I1;p-1;.                |  7 | a number                        | -1
            P1;.                    |  1 | an opcode of data and objects   | 0x50
            """)
    void refusesTheRest(String pickle, int at, String expected, String found) throws IOException {
        Path file = file(pickle.replace(';', '\n'));
        assertEquals(file + ": pickle, before byte " + at + ": expected " + expected + ", found " + found,
                inputError(() -> PickleFile.read(file)));
    }

    /** Each byte of the list makes a dict. */
    @Test
    void refusesWhatWouldFillTheHeap() throws IOException {
        Path file = file("(" + "}".repeat(6_000_000) + "l.");
        assertEquals(file + ": expected a pickle that takes at most 1024 MiB, found a larger one",
                inputError(() -> PickleFile.read(file)));
    }

    private Path file(String pickle) throws IOException {
        return Files.write(temp.resolve("list.p"), pickle.getBytes(StandardCharsets.ISO_8859_1));
    }
}
