package org.diffusionclassifier.cli;

import java.io.PrintWriter;
import me.tongfei.progressbar.ProgressBar;
import org.diffusionclassifier.catalog.PlannedPull;
import org.diffusionclassifier.hub.PullListener;

/** The progress bar of a pull. */
final class PullProgress implements PullListener, AutoCloseable {

    private final PrintWriter err;
    private ProgressBar bar;

    private PullProgress(PrintWriter err) {
        this.err = err;
    }

    /** Runs a pull behind its progress bar. */
    static void run(PlannedPull pull, PrintWriter err) {
        try (var progress = new PullProgress(err)) {
            pull.run(progress);
        }
    }

    @Override
    public void total(long bytes) {
        bar = Progress.bar("pull", " MB", 1_000_000, bytes, err);
    }

    @Override
    public void done(long bytes) {
        bar.stepBy(bytes);
    }

    @Override
    public void close() {
        if (bar != null) {
            bar.close();
        }
    }
}
