package org.diffusionclassifier.cli;

import java.io.PrintWriter;
import java.util.function.Supplier;
import me.tongfei.progressbar.DelegatingProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarStyle;

/**
 * A progress bar that appears with its first step, so that nothing refused before leaves one behind: redrawn in place on
 * a terminal, a line now and then where standard error is a file.
 */
final class Progress implements AutoCloseable {

    private static final int WIDTH = 100;

    private final Supplier<ProgressBar> begin;
    private ProgressBar bar;

    /** @param max steps */
    Progress(String task, long max, PrintWriter err) {
        this.begin = () -> bar(task, "", 1, max, err);
    }

    /** @param message what stands behind the bar */
    void step(String message) {
        say(message);
        bar.step();
    }

    /** Says how far the next step is. @param message what stands behind the bar */
    void say(String message) {
        if (bar == null) {
            bar = begin.get();
        }
        bar.setExtraMessage(message);
    }

    /** Ends the bar. */
    @Override
    public void close() {
        if (bar != null) {
            bar.close();
        }
    }

    /**
     * @param unit what {@code perUnit} steps are called
     * @param max  in steps
     */
    static ProgressBar bar(String task, String unit, long perUnit, long max, PrintWriter err) {
        boolean terminal = System.console() != null;
        return ProgressBar.builder().setTaskName(task).setInitialMax(max).setUnit(unit, perUnit).showSpeed()
                .setStyle(ProgressBarStyle.ASCII)
                .setUpdateIntervalMillis(terminal ? 500 : 30_000)
                .setConsumer(new DelegatingProgressBarConsumer(text -> {
                    err.print(terminal ? '\r' + text : text + System.lineSeparator());
                    err.flush();
                }, WIDTH))
                .build();
    }
}
