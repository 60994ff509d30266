package org.diffusionclassifier.score;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.diffusionclassifier.tensor.InputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Ranges of timesteps as they are written. */
class TimestepRangeTest {

    @Test
    void bothEndsBelongToIt() {
        TimestepRange range = TimestepRange.parse(" 100..899 ");
        assertEquals(new TimestepRange(100, 899), range);
        assertEquals(800, range.size());
        assertEquals(range, TimestepRange.parse(range.toString()));
        assertEquals(new TimestepRange(0, 999), TimestepRange.all(1000));
        assertEquals(1, TimestepRange.parse("7..7").within(8).size());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "5..4      | timesteps: expected FROM..TO, ascending from 0 on, found 5..4",
        "5         | timesteps: expected FROM..TO, as 0..499, found \"5\"",
        "-1..4     | timesteps: expected FROM..TO, as 0..499, found \"-1..4\"",
        "0..x      | timesteps: expected FROM..TO, as 0..499, found \"0..x\"",
        "0..99999999999 | timesteps: expected FROM..TO, as 0..499, found \"0..99999999999\"",
        "0..1000   | timesteps: expected some of the model's 0..999, found 0..1000"})
    void othersAreRefused(String text, String message) {
        assertEquals(message, assertThrows(InputException.class,
                () -> TimestepRange.parse(text).within(1000)).getMessage());
    }
}
