package org.diffusionclassifier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.TypeConversionException;

class ByteSizeTest {

    @ParameterizedTest
    @CsvSource({"0,0", "1048576,1048576", "17b,17", "1k,1000", "1KiB,1024", "800 MB,800000000", "1GiB,1073741824",
        "1.5gib,1610612736", "0.5kib,512", "2TiB,2199023255552"})
    void readsWhatPeopleWrite(String text, long bytes) {
        assertEquals(bytes, new ByteSize().convert(text));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "GiB", "-1", "1 GiB each", "1e9", "1.GiB", "9000000TiB"})
    void refusesTheRest(String text) {
        var refusal = assertThrows(TypeConversionException.class, () -> new ByteSize().convert(text));
        assertEquals(true, refusal.getMessage().contains("'" + text + "'"), refusal.getMessage());
    }
}
