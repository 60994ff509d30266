package org.diffusionclassifier.report;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.diffusionclassifier.device.cuda.driver.CompiledKernel;
import org.diffusionclassifier.device.cuda.driver.KernelCatalog;
import org.diffusionclassifier.device.cuda.study.Card;
import org.diffusionclassifier.device.cuda.study.KernelStudy.Comparison;
import org.diffusionclassifier.device.cuda.study.KernelStudy.Timing;
import org.diffusionclassifier.device.cuda.study.Launch;
import org.diffusionclassifier.device.cuda.study.LaunchCounters;

/**
 * The launches of one UNet evaluation beside what bounds them, for a person at a terminal and as JSON: the bound by the
 * cards' datasheets, what the compiler gave each kernel, what the emulated card counted, what a real one took.
 */
public final class KernelTable {

    /**
     * A launch and what is known of it.
     *
     * @param counters null if nothing was counted
     * @param timing   measured, null on a machine without a GPU
     * @param compared with cuBLAS or cuDNN; null for other kernels, and where these libraries are not installed
     */
    public record Row(Launch launch, LaunchCounters counters, Timing timing, Comparison compared) {
    }

    private final String model;
    private final int pairs;
    private final long arenaBytes;
    private final List<Row> rows;

    /**
     * @param model      its name
     * @param pairs      of the evaluation
     * @param arenaBytes device memory beyond the weights
     */
    public KernelTable(String model, int pairs, long arenaBytes, List<Row> rows) {
        this.model = model;
        this.pairs = pairs;
        this.arenaBytes = arenaBytes;
        this.rows = List.copyOf(rows);
    }

    /** The table, and under it the whole evaluation. */
    public String render() {
        var text = new StringBuilder();
        text.append(String.format(Locale.ROOT, "%s, %d pairs%n%n", model, pairs));
        text.append(String.format("%4s %-24s %-44s %8s %7s |", "n", "kernel", "operands", "GFLOP", "MB"));
        for (Card card : Card.values()) {
            text.append(String.format(" %8s", card.label()));
        }
        text.append(String.format(" | %4s %5s %-11s | %5s %5s %5s %5s %5s | %9s %9s %6s%n", "regs", "KB", "warps", "mma", "bytes",
                "bank", "sect", "16 B", "µs cold", "µs warm", "rate"));
        for (Row row : rows) {
            text.append(line(row));
        }
        return text.append(summary()).toString();
    }

    private String line(Row row) {
        Launch launch = row.launch();
        var text = new StringBuilder(String.format(Locale.ROOT, "%4d %-24s %-44s %8.3f %7.1f |", launch.count(),
                launch.kernel(), abbreviated(launch.operands()), launch.flops() * 1e-9, launch.bytes() * 1e-6));
        for (Card card : Card.values()) {
            text.append(String.format(Locale.ROOT, " %7.1f%s", card.bound(launch) * 1e6,
                    card.boundedBy(launch).letter()));
        }
        CompiledKernel first = compiled(launch, Card.A100);
        text.append(first == null ? String.format(" | %4s %5s %-11s |", "", "", "")
                : String.format(Locale.ROOT, " | %4d %5.1f %-11s |", first.registers(),
                        (launch.sharedBytes() + first.sharedBytes()) / 1024.0, warps(launch)));
        LaunchCounters counters = row.counters();
        text.append(counters == null ? String.format(" %5s %5s %5s %5s %5s |", "", "", "", "", "")
                : String.format(Locale.ROOT, " %5s %5s %5.2f %5.2f %4.0f%% |",
                        launch.flops() == 0 || counters.mmaFlops() == 0 ? ""
                                : String.format(Locale.ROOT, "%.2f", counters.mmaFlops() / launch.flops()),
                        launch.flops() > 0 ? ""
                                : String.format(Locale.ROOT, "%.2f", counters.globalBytes() / launch.bytes()),
                        counters.conflictDegree(), counters.sectorEfficiency(), 100 * counters.wideShare()));
        if (row.timing() != null) {
            double rate = launch.flops() > 0 ? launch.flops() * 1e-12 / row.timing().cold()
                    : launch.bytes() * 1e-9 / row.timing().cold();
            text.append(String.format(Locale.ROOT, " %9.1f %9.1f %6.1f %s", row.timing().cold() * 1e6,
                    row.timing().warm() * 1e6, rate,
                    launch.flops() > 0 ? "TFLOP/s" : "GB/s"));
        }
        if (row.compared() != null) {
            text.append(String.format(Locale.ROOT, ", %.2f × the library's speed",
                    row.compared().librariesSeconds() / row.compared().seconds()));
        }
        return text.append(System.lineSeparator()).toString();
    }

    private static CompiledKernel compiled(Launch launch, Card card) {
        return KernelCatalog.packaged().compiled(launch.kernel(), "sm_" + card.computeCapability());
    }

    private String warps(Launch launch) {
        var text = new StringBuilder();
        for (Card card : Card.values()) {
            CompiledKernel kernel = compiled(launch, card);
            text.append(text.length() == 0 ? "" : " ")
                    .append(kernel == null ? "?" : String.valueOf(card.residentWarps(launch, kernel)));
        }
        return text.toString();
    }

    /** The shapes of the first operand and of the first result. */
    private static String abbreviated(String operands) {
        String[] sides = operands.split("→ ");
        return shape(sides[0]) + (sides.length > 1 ? " → " + shape(sides[1]) : "");
    }

    private static String shape(String tensors) {
        int open = tensors.indexOf('[');
        return open < 0 ? "" : tensors.substring(open + 1, tensors.indexOf(']')).replace(", ", "×");
    }

    /** The bound of the whole evaluation on each card, and each kernel family's part of it. */
    public String summary() {
        var text = new StringBuilder(String.format(Locale.ROOT,
                "%nOne evaluation: %d launches, %.3f TFLOP, %.2f GB moved at least, %.0f MB beside the weights%s%n",
                launches(), sum(launch -> launch.flops()) * 1e-12, sum(launch -> launch.bytes()) * 1e-9,
                arenaBytes * 1e-6, issued()));
        for (Card card : Card.values()) {
            double whole = sum(card::bound);
            text.append(String.format(Locale.ROOT, "bound on %s: %.2f ms (%.0f pairs/s): %s%n", card.label(), whole * 1e3,
                    pairs / whole, shares(card, whole)));
        }
        if (rows.stream().allMatch(row -> row.timing() != null)) {
            double cold = rows.stream().mapToDouble(row -> row.timing().cold() * row.launch().count()).sum();
            double warm = rows.stream().mapToDouble(row -> row.timing().warm() * row.launch().count()).sum();
            text.append(String.format(Locale.ROOT, "measured, kernel by kernel: %.2f ms (%.0f pairs/s) with cold operands, "
                    + "%.2f ms (%.0f pairs/s) with warm ones%n", cold * 1e3, pairs / cold, warm * 1e3, pairs / warm));
        }
        return text.toString();
    }

    private String issued() {
        double useful = 0;
        double issued = 0;
        for (Row row : rows) {
            if (row.counters() != null && row.counters().mmaFlops() > 0) {
                useful += (double) row.launch().flops() * row.launch().count();
                issued += row.counters().mmaFlops() * row.launch().count();
            }
        }
        return useful == 0 ? "" : String.format(Locale.ROOT, "; %.3f mma FLOP issued for each useful one",
                issued / useful);
    }

    private String shares(Card card, double whole) {
        Map<String, Double> shares = new LinkedHashMap<>();
        rows.forEach(row -> shares.merge(row.launch().family(), row.launch().count() * card.bound(row.launch()) / whole,
                Double::sum));
        return shares.entrySet().stream().sorted(Map.Entry.comparingByValue(Comparator.reverseOrder()))
                .map(share -> String.format(Locale.ROOT, "%s %.1f %%", share.getKey(), 100 * share.getValue()))
                .reduce((a, b) -> a + ", " + b).orElse("");
    }

    /** Launches of an evaluation. */
    public int launches() {
        return rows.stream().mapToInt(row -> row.launch().count()).sum();
    }

    private double sum(ToDoubleFunction<Launch> of) {
        return rows.stream().mapToDouble(row -> row.launch().count() * of.applyAsDouble(row.launch())).sum();
    }

    /** All of it, as a tree of maps and lists that JSON can be made of. */
    public Map<String, Object> json() {
        var launches = new ArrayList<Map<String, Object>>();
        for (Row row : rows) {
            var fields = new LinkedHashMap<String, Object>();
            fields.put("launch", row.launch());
            var bounds = new LinkedHashMap<String, Object>();
            for (Card card : Card.values()) {
                var bound = new LinkedHashMap<String, Object>();
                bound.put("seconds", card.bound(row.launch()));
                bound.put("by", card.boundedBy(row.launch()).name().toLowerCase(Locale.ROOT));
                CompiledKernel kernel = compiled(row.launch(), card);
                if (kernel != null) {
                    bound.put("compiled", kernel);
                    bound.put("residentWarps", card.residentWarps(row.launch(), kernel));
                    bound.put("occupancy", card.residentWarps(row.launch(), kernel) / (double) card.warps());
                }
                bounds.put(card.label(), bound);
            }
            fields.put("cards", bounds);
            fields.put("counters", row.counters());
            fields.put("seconds", row.timing());
            fields.put("compared", row.compared());
            launches.add(fields);
        }
        var table = new LinkedHashMap<String, Object>();
        table.put("model", model);
        table.put("pairs", pairs);
        table.put("arenaBytes", arenaBytes);
        table.put("launches", launches);
        return table;
    }
}
