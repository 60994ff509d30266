package org.diffusionclassifier.report.html;

/** Whether something was right: a sign and a colour, because not everybody sees the colour. */
final class Verdict {

    private Verdict() {
    }

    static Html of(String what, boolean right) {
        return Html.of("<span class=\"%s\">%s %s</span>", right ? "right" : "wrong", right ? "✓" : "✗", what);
    }
}
