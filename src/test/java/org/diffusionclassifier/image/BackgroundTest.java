package org.diffusionclassifier.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.diffusionclassifier.tensor.InputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The colours that can be asked for. */
class BackgroundTest {

    @ParameterizedTest
    @CsvSource({"white, 255, 255, 255", "Black, 0, 0, 0", "'#12aBff', 18, 171, 255"})
    void namesAndNumbersAreColours(String text, int red, int green, int blue) {
        assertEquals(new Background(red, green, blue), Background.parse(text));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "red", "#fff", "#1234567", "ffffff", "#-1-1-1"})
    void othersAreRefused(String text) {
        assertEquals("background: expected white, black or #RRGGBB, found \"" + text + "\"",
                assertThrows(InputException.class, () -> Background.parse(text)).getMessage());
    }

    @Test
    void levelsHaveARange() {
        assertThrows(InputException.class, () -> new Background(0, 256, 0));
        assertThrows(InputException.class, () -> new Background(0, 0, -1));
        assertEquals("#00ff0a", new Background(0, 255, 10).toString());
    }
}
