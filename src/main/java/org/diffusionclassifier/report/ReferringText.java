package org.diffusionclassifier.report;

import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.diffusionclassifier.result.BoxErrors;
import org.diffusionclassifier.result.ReferredExample.Choice;
import org.diffusionclassifier.result.ReferredExample;
import org.diffusionclassifier.result.ReferringSummary.Accuracy;
import org.diffusionclassifier.result.ReferringSummary;

/** Boxes and what they score, for a person at a terminal: those of one picture, or the accuracy over many. */
public final class ReferringText {

    private ReferringText() {
    }

    /** One line a box, one column a way of scoring; {@code *} marks the smallest score of each. */
    public static String boxes(ReferredExample example) {
        List<Choice> choices = example.choices();
        var text = new StringBuilder(header(choices, "  %-28s"));
        for (int b = 0; b < example.boxes().size(); b++) {
            text.append("  %-28s".formatted((b + 1) + "  " + place(example.boxes().get(b))));
            for (Choice choice : choices) {
                text.append(String.format(Locale.ROOT, " %10.6f%s", choice.scores()[b],
                        Objects.equals(choice.chosen(), b) ? "*" : " "));
            }
            text.append('\n');
        }
        return text.toString();
    }

    private static String header(List<Choice> choices, String first) {
        var scorings = new StringBuilder(first.formatted(""));
        var methods = new StringBuilder(first.formatted(""));
        String before = "";
        for (Choice choice : choices) {
            scorings.append(choice.scoring().equals(before) ? "" : " %-36s".formatted(choice.scoring()));
            methods.append(" %10s ".formatted(choice.method()));
            before = choice.scoring();
        }
        return scorings.toString().stripTrailing() + '\n' + methods.toString().stripTrailing() + '\n';
    }

    private static String place(BoxErrors candidate) {
        double[] box = candidate.box();
        return String.format(Locale.ROOT, "x %.0f, y %.0f, %.0f×%.0f", box[0], box[1], box[2], box[3]);
    }

    /** One line a way of scoring; at the end what chance is. */
    public static String accuracies(ReferringSummary summary) {
        var text = new StringBuilder();
        String before = "";
        for (Accuracy accuracy : summary.accuracies()) {
            if (!accuracy.scoring().equals(before)) {
                text.append(accuracy.scoring()).append(":\n");
                before = accuracy.scoring();
            }
            text.append("  %-6s  %s%n".formatted(accuracy.method(), accuracy.correct()));
        }
        return text.append(String.format(Locale.ROOT, "chance    %.1f %%%n", 100 * summary.chance())).toString();
    }
}
