package org.diffusionclassifier.file;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Sizes for people. */
class DecimalSizeTest {

    @ParameterizedTest
    @CsvSource({"0,0 bytes", "999,999 bytes", "1000,1.0 kB", "12345678,12.3 MB", "2581143472,2.58 GB",
        "1200000000000,1200.00 GB"})
    void sizes(long bytes, String text) {
        assertEquals(text, DecimalSize.of(bytes));
    }
}
