package org.diffusionclassifier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How the command line calls the library's fields. */
class MainTest {

    @ParameterizedTest
    @CsvSource({"toKeep,--to-keep", "nSamples,--n-samples", "loss,--loss", "loras,--lora", "matching,match"})
    void fieldsAreFlags(String field, String flag) {
        assertEquals(flag, Main.flag(field));
    }
}
