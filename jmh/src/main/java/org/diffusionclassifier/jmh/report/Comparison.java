package org.diffusionclassifier.jmh.report;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What two runs say of the same benchmarks.
 *
 * @param before  the earlier run
 * @param changes of every headline that both have, in the order of the later run
 * @param added   measurements that only the later run has
 * @param missing those that only the earlier has
 */
public record Comparison(Report before, List<Change> changes, List<Measurement> added, List<Measurement> missing) {

    /** What a change is. */
    public enum Verdict { FASTER, SLOWER, WITHIN_ERROR, NO_ERROR_BARS }

    /** One number of a measurement, before and after. */
    public record Change(Measurement measurement, String name, Score before, Score after) {

        /**
         * Faster or slower if the two confidence intervals have nothing in common. That is stricter than a test of the
         * difference: what it flags has moved, what it does not flag may have.
         */
        public Verdict verdict() {
            if (!before.hasError() || !after.hasError()) {
                return Verdict.NO_ERROR_BARS;
            }
            if (after.low() <= before.high() && before.low() <= after.high()) {
                return Verdict.WITHIN_ERROR;
            }
            return after.value() > before.value() == measurement.higherIsBetter() ? Verdict.FASTER : Verdict.SLOWER;
        }

        boolean hasMoved() {
            return verdict() == Verdict.FASTER || verdict() == Verdict.SLOWER;
        }

        /** After over before; NaN if there was nothing. */
        public double ratio() {
            return before.value() == 0 ? Double.NaN : after.value() / before.value();
        }
    }

    public static Comparison of(Report before, Report after) {
        Map<String, Measurement> earlier = new LinkedHashMap<>();
        before.measurements().forEach(measurement -> earlier.put(measurement.key(), measurement));
        var changes = new ArrayList<Change>();
        var added = new ArrayList<Measurement>();
        for (Measurement measurement : after.measurements()) {
            Measurement same = earlier.remove(measurement.key());
            if (same == null) {
                added.add(measurement);
                continue;
            }
            Map<String, Score> compared = same.headlines();
            measurement.headlines().forEach((name, score) -> {
                if (compared.containsKey(name)) {
                    changes.add(new Change(measurement, name, compared.get(name), score));
                }
            });
        }
        return new Comparison(before, changes, added, List.copyOf(earlier.values()));
    }

    long count(Verdict verdict) {
        return changes.stream().filter(change -> change.verdict() == verdict).count();
    }

    /** A line of counts. */
    public String summary() {
        long unknown = count(Verdict.NO_ERROR_BARS);
        return "of %d numbers %d faster, %d slower beyond their error bars%s%s%s".formatted(changes.size(),
                count(Verdict.FASTER), count(Verdict.SLOWER), unknown == 0 ? "" : ", " + unknown + " without error bars",
                added.isEmpty() ? "" : ", " + added.size() + " new benchmarks",
                missing.isEmpty() ? "" : ", " + missing.size() + " no longer measured");
    }
}
