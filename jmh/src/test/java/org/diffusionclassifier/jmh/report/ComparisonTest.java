package org.diffusionclassifier.jmh.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import org.diffusionclassifier.jmh.report.Comparison.Change;
import org.diffusionclassifier.jmh.report.Comparison.Verdict;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ComparisonTest {

    @ParameterizedTest
    @CsvSource({
            "thrpt, 100, 5, 120, 5, FASTER",
            "thrpt, 100, 5,  80, 5, SLOWER",
            "avgt,  100, 5, 120, 5, SLOWER",
            "avgt,  100, 5,  80, 5, FASTER",
            "thrpt, 100, 5, 109, 5, WITHIN_ERROR",
            "thrpt, 100, 5,  91, 5, WITHIN_ERROR",
            "thrpt, 100, 5, 110, 5, WITHIN_ERROR",          // touching
            "thrpt, 100, 5, 110.01, 5, FASTER",
            "thrpt, 100, 0, 100, 0, WITHIN_ERROR",
            "thrpt, 100, 200, 120, 1, WITHIN_ERROR",        // one within the other
            "thrpt, 100, 1, 120, 200, WITHIN_ERROR",
            "thrpt, 100, NaN, 900, 5, NO_ERROR_BARS",
            "thrpt, 100, 5, 900, NaN, NO_ERROR_BARS"})
    void movesWhereIntervalsHaveNothingInCommon(String mode, double before, double errorBefore, double after,
            double errorAfter, Verdict expected) {
        var comparison = Comparison.of(Results.of(Results.result("X", mode, before, errorBefore)),
                Results.of(Results.result("X", mode, after, errorAfter)));
        assertEquals(1, comparison.changes().size());
        Change change = comparison.changes().get(0);
        assertEquals(expected, change.verdict());
        assertEquals(after / before, change.ratio(), 1e-12);
    }

    @Test
    void onlyTheSameIsCompared() {
        var comparison = Comparison.of(
                Results.of(Results.result("Old", "thrpt", 1, 0), Results.result("Kept", "thrpt", 1, 0),
                        Results.result("Otherwise", "avgt", 1, 0)),
                Results.of(Results.result("Kept", "thrpt", 2, 0), Results.result("Otherwise", "thrpt", 1, 0),
                        Results.result("New", "thrpt", 1, 0)));
        assertEquals(List.of("Kept"), comparison.changes().stream().map(c -> c.measurement().benchmark()).toList());
        assertEquals(List.of("Otherwise", "New"), comparison.added().stream().map(Measurement::benchmark).toList());
        assertEquals(List.of("Old", "Otherwise"), comparison.missing().stream().map(Measurement::benchmark).toList());
        assertEquals("of 1 numbers 1 faster, 0 slower beyond their error bars, 2 new benchmarks, 2 no longer measured",
                comparison.summary());
    }

    @Test
    void comparesAmountsAndEfficiencyRatherThanCalls() throws IOException {
        var comparison = Comparison.of(Results.recorded(), Results.recorded());
        assertEquals(List.of("UNet efficiency", "UNet pairs", "Tokenizer score", "LayerNorm GB"),
                comparison.changes().stream().map(c -> c.measurement().benchmark() + " " + c.name()).toList());
        assertEquals(3, comparison.count(Verdict.WITHIN_ERROR));
        assertEquals(1, comparison.count(Verdict.NO_ERROR_BARS));
    }

    @Test
    void nothingInCommonIsNoChange() {
        var comparison = Comparison.of(Results.of(), Results.of());
        assertTrue(comparison.changes().isEmpty());
        assertEquals("of 0 numbers 0 faster, 0 slower beyond their error bars", comparison.summary());
    }
}
