package org.diffusionclassifier.cli;

import java.io.PrintWriter;
import java.util.Locale;
import org.diffusionclassifier.Answer;
import org.diffusionclassifier.TrialSpec;
import org.diffusionclassifier.score.Objective;
import picocli.CommandLine.Mixin;

/** What match and refer have in common: a model of captions, trials that all share, and results to write. */
final class CaptionOptions {

    @Mixin
    ModelOptions model;

    @Mixin
    private SharedTrialOptions trials;

    @Mixin
    JsonOption json;

    @Mixin
    ReportOptions report;

    TrialSpec trials() {
        return trials.trials(Objective.L2);
    }

    int nSamples() {
        return trials.nSamples;
    }

    /** Prints an answer, in one line what it took, and what is to be noted of the captions. */
    void print(Main main, PrintWriter out, String text, Answer<?> answer) {
        main.note(answer.notices());
        out.printf(Locale.ROOT, "%s%n%d trials of each; %d pairs in %.1f s, %.0f pairs/s%n", text, answer.trials(),
                answer.pairs(), answer.seconds(), answer.pairs() / answer.seconds());
        out.flush();
    }
}
