package org.diffusionclassifier.report.html;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@link Axis}: places, and round numbers at them. */
class AxisTest {

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "0 | 1000 | 0 200 400 600 800 1000",
        "-0.0031 | 0.0062 | -0.002 0.000 0.002 0.004 0.006",
        "0 | 1 | 0.0 0.2 0.4 0.6 0.8 1.0",
        "3 | 17 | 5 10 15",
        "0 | 2e-12 | 0.0e+00 5.0e-13 1.0e-12 1.5e-12 2.0e-12",
        "1e6 | 3.1e6 | 1000000 1500000 2000000 2500000 3000000"})
    void namesRoundNumbers(double low, double high, String expected) {
        var axis = new Axis(low, high, 0, 100);
        assertEquals(expected, String.join(" ", axis.ticks(5).stream().map(tick -> axis.label(tick, 5)).toList()));
    }

    @Test
    void mayRunUpwards() {
        var axis = new Axis(-1, 3, 200, 0);
        assertEquals(200, axis.at(-1));
        assertEquals(150, axis.at(0));
        assertEquals(0, axis.at(3));
    }

    @ParameterizedTest
    @CsvSource({"0", "5", "-3e-7", "1e300"})
    void oneValueIsAScaleToo(double value) {
        var axis = new Axis(value, value, 10, 20);
        assertEquals(10, axis.at(value));
        List<Double> ticks = axis.ticks(5);
        assertTrue(ticks.size() <= 6, ticks::toString);
    }
}
