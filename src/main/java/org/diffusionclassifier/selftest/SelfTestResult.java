package org.diffusionclassifier.selftest;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.diffusionclassifier.selftest.Check.Outcome;

/**
 * What a self-test found: as JSON, a field each; as text, at most 80 columns.
 *
 * @param commit      of this build
 * @param device      by its name, {@code cuda:0}
 * @param description what the device says of itself
 * @param card        its driver, clocks and limit, after the work; null for no card, or where nobody says
 * @param checks      in the order in which they ran
 * @param kernels     their times on a card; empty elsewhere
 * @param evaluations pairs a second; empty on the emulated card
 * @param notes       what was left out, and why
 */
public record SelfTestResult(String commit, String device, String description, CardState card, boolean quick,
                             List<Outcome> checks, List<Speed.OfKernel> kernels, List<Speed.Evaluations> evaluations,
                             List<String> notes) {

    private static final int WIDTH = 80;

    public SelfTestResult {
        checks = List.copyOf(checks);
        kernels = List.copyOf(kernels);
        evaluations = List.copyOf(evaluations);
        notes = List.copyOf(notes);
    }

    /** Whether every check passed. */
    @JsonProperty
    public boolean passed() {
        return checks.stream().allMatch(Outcome::passed);
    }

    /** A line for each group of checks, below it the checks that failed, or all; then speeds and notes. */
    public String render(boolean all) {
        var text = new StringBuilder();
        line(text, device + ": " + description);
        if (card != null) {
            line(text, card.toString());
        }
        line(text, "build " + commit + (quick ? ", quick" : ""));
        text.append(String.format("%n  %-24s %10s %9s %9s  %s%n", "checks", "passed", "worst", "allowed", "of"));
        byGroup().forEach((group, outcomes) -> group(text, group, outcomes, all));
        if (!kernels.isEmpty()) {
            kernels(text);
        }
        if (!evaluations.isEmpty()) {
            text.append(String.format("%n  %-40s %6s %14s%n", "evaluations", "pairs", "pairs/s"));
            evaluations.forEach(speed -> text.append(String.format(Locale.ROOT, "  %-40s %6d %14.1f%n", speed.model(),
                    speed.pairs(), speed.pairsPerSecond())));
        }
        text.append(System.lineSeparator());
        notes.forEach(note -> line(text, "note: " + note));
        long failed = checks.stream().filter(outcome -> !outcome.passed()).count();
        line(text, failed == 0 ? "all " + checks.size() + " checks passed"
                : failed + " of " + checks.size() + " checks FAILED");
        return text.toString();
    }

    private Map<String, List<Outcome>> byGroup() {
        return checks.stream().collect(Collectors.groupingBy(Outcome::group, LinkedHashMap::new, Collectors.toList()));
    }

    private static void group(StringBuilder text, String group, List<Outcome> outcomes, boolean all) {
        long passed = outcomes.stream().filter(Outcome::passed).count();
        Outcome worst = outcomes.stream().reduce((a, b) -> share(b) > share(a) ? b : a).orElseThrow();
        text.append(row(passed == outcomes.size(), group, passed + " of " + outcomes.size(), worst));
        outcomes.stream().filter(outcome -> all || !outcome.passed()).forEach(outcome -> {
            text.append(String.format("    %s %s%n", outcome.passed() ? "✓" : "✗", cut(outcome.name() + ": "
                    + number(outcome.miss()) + " of " + number(outcome.allowed()), WIDTH - 6)));
            if (!outcome.passed() && outcome.miss() == null) {
                text.append(String.format("      %s%n", cut(outcome.failure(), WIDTH - 6)));
            }
        });
    }

    /** How much of what is allowed; what gave no result misses most. */
    private static double share(Outcome outcome) {
        if (outcome.miss() == null || outcome.miss().isNaN()) {
            return Double.POSITIVE_INFINITY;
        }
        return outcome.miss() == 0 ? 0 : outcome.miss() / outcome.allowed();
    }

    private static String row(boolean passed, String group, String count, Outcome worst) {
        return String.format("%s %-24s %10s %9s %9s  %s%n", passed ? "✓" : "✗", group, count, number(worst.miss()),
                number(worst.allowed()), cut(worst.name(), WIDTH - 59));
    }

    private void kernels(StringBuilder text) {
        text.append(String.format("%n  %-27s %5s %9s %9s %9s %6s %6s%n", "kernels", "n", "µs cold", "µs warm", "bound",
                "of it", "lib"));
        kernels.forEach(kernel -> text.append(kernelRow(kernel)));
        text.append(String.format(Locale.ROOT, "  %-27s %5d %9.1f %9.1f %9s%n", "all",
                kernels.stream().mapToInt(Speed.OfKernel::launches).sum(), 1e6 * sum(Speed.OfKernel::coldSeconds),
                1e6 * sum(Speed.OfKernel::warmSeconds), kernels.get(0).boundSeconds() == null ? ""
                        : String.format(Locale.ROOT, "%.1f", 1e6 * sum(Speed.OfKernel::boundSeconds))));
    }

    private double sum(Function<Speed.OfKernel, Double> seconds) {
        return kernels.stream().mapToDouble(seconds::apply).sum();
    }

    private static String kernelRow(Speed.OfKernel kernel) {
        Double bound = kernel.boundSeconds();
        return String.format(Locale.ROOT, "  %-27s %5d %9.1f %9.1f %9s %6s %6s%n", kernel.kernel(), kernel.launches(),
                1e6 * kernel.coldSeconds(), 1e6 * kernel.warmSeconds(),
                bound == null ? "" : String.format(Locale.ROOT, "%.1f", 1e6 * bound),
                bound == null ? "" : String.format(Locale.ROOT, "%.0f%%", 100 * bound / kernel.coldSeconds()),
                kernel.librariesSeconds() == null ? "" : String.format(Locale.ROOT, "%.2f",
                        kernel.librariesSeconds() / kernel.comparedSeconds()));
    }

    private static String number(Double value) {
        return value == null ? "none" : value == 0 ? "0" : String.format(Locale.ROOT, "%.1e", value);
    }

    private static void line(StringBuilder text, String line) {
        text.append(cut(line, WIDTH)).append(System.lineSeparator());
    }

    private static String cut(String text, int width) {
        return text.length() <= width ? text : text.substring(0, width - 1) + "…";
    }
}
