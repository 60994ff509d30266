package org.diffusionclassifier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** FILE:SCALE where FILE begins with a drive. */
class DriveLetterTest {

    @ParameterizedTest
    @CsvSource({
        "'C:\\loras\\a.safetensors', -1",
        "'C:/loras/a.safetensors', -1",
        "'C:\\loras\\a.safetensors:0.5', 22",
        "a:0.5, 1",
        "a.safetensors, -1",
        "'', -1"})
    void aDrivesColonEndsNoName(String given, int colon) {
        assertEquals(colon, CheckpointOptions.colon(given));
    }
}
