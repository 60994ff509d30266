package org.diffusionclassifier.cli;

import java.io.PrintWriter;
import me.tongfei.progressbar.DelegatingProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarStyle;

/** Progress bars: redrawn in place on a terminal, a line now and then where standard error is a file. */
final class Progress {

    private static final int WIDTH = 100;

    private Progress() {
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
