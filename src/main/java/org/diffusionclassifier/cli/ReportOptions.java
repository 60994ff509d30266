package org.diffusionclassifier.cli;

import java.nio.file.Path;
import java.util.function.Supplier;
import org.diffusionclassifier.report.html.Page;
import picocli.CommandLine.Option;

/** Whether a page is wanted, of the commands that write one. */
class ReportOptions {

    @Option(names = "--report", paramLabel = "HTML",
            description = "Write a page there, too: pictures, charts and all settings in one file that needs no network.")
    Path report;

    /** @throws org.diffusionclassifier.tensor.InputException for what can be refused before anything is loaded */
    void check() {
        if (report != null) {
            OutputFile.requireWritable("--report", report);
        }
    }

    boolean isWanted() {
        return report != null;
    }

    /** Writes the page, if it is wanted. */
    void write(Supplier<Page> page) {
        if (report != null) {
            page.get().write(report);
        }
    }
}
