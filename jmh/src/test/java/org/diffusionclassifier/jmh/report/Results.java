package org.diffusionclassifier.jmh.report;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;

/** Reports for tests: as JMH wrote one, and as it would write numbers that a test chooses. */
final class Results {

    static final Machine MACHINE = new Machine("a processor", 2, 16, "Linux", null, 0.1);

    private Results() {
    }

    /** A UNet in bf16, a tokenizer, and a layer norm of a single iteration, from JMH 1.37. */
    static Report recorded() throws IOException {
        try (var in = Results.class.getResourceAsStream("/jmh-1.37.json")) {
            return Report.now(MACHINE, new String(in.readAllBytes(), StandardCharsets.UTF_8));
        }
    }

    static Report of(String... results) {
        return Report.now(MACHINE, "[" + String.join(",", List.of(results)) + "]");
    }

    /** @param error NaN as JMH writes it, in a string */
    static String result(String name, String mode, double score, double error) {
        return String.format(Locale.ROOT, """
                {"benchmark": "a.b.%sBenchmark.run", "mode": "%s", "vmName": "VM", "vmVersion": "17", "params": {"n": "1"},
                 "primaryMetric": {"score": %s, "scoreError": %s, "scoreUnit": "ops/s"}, "secondaryMetrics": {}}
                """, name, mode, score, Double.isNaN(error) ? "\"NaN\"" : error);
    }
}
