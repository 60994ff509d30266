package org.diffusionclassifier.jmh.report;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Locale;
import org.diffusionclassifier.tensor.InputException;

/**
 * A measured number.
 *
 * @param error half the width of its 99.9 % confidence interval, by JMH; NaN if there were too few iterations for one
 * @param unit  as people write it: {@code GFLOP/s}
 */
public record Score(double value, double error, String unit) {

    static Score read(JsonNode metric, String unit) {
        double value = metric.path("score").asDouble(Double.NaN);
        if (!Double.isFinite(value)) {
            throw new InputException("score: expected a number, found " + metric.path("score"));
        }
        return new Score(value, metric.path("scoreError").asDouble(Double.NaN), unit);
    }

    public boolean hasError() {
        return Double.isFinite(error);
    }

    public double low() {
        return value - error;
    }

    public double high() {
        return value + error;
    }

    /** In three or four digits, with its error if it has one. */
    @Override
    public String toString() {
        return text(value) + (hasError() ? " ± " + text(error) : "") + (unit.isEmpty() ? "" : " " + unit);
    }

    static String text(double number) {
        double size = Math.abs(number);
        String format = size >= 100 ? "%,.0f" : size >= 10 ? "%.1f" : size >= 0.1 ? "%.3f" : size == 0 ? "%.0f" : "%.2g";
        return String.format(Locale.ROOT, format, number);
    }
}
