package org.diffusionclassifier.report;

import java.nio.file.Path;
import java.util.Locale;
import org.diffusionclassifier.image.RgbImage;

/**
 * A {@link HeatMap} as a PNG: the picture as the model saw it, the map beside it, and a legend of its colours below.
 */
public final class HeatMapDrawing {

    private static final int BACKGROUND = 0x000000;
    private static final int INK = 0xFFFFFF;

    /** Size of a letter's dots, and the unit of everything around the pictures. */
    private static final int DOT = 2;
    private static final int MARGIN = 8 * DOT;
    private static final int BAR = 8 * DOT;

    private HeatMapDrawing() {
    }

    /** @throws org.diffusionclassifier.tensor.InputException if it cannot be written */
    public static void write(Path png, Explanation explanation) {
        RgbImage map = HeatMap.of(explanation);
        int side = map.width();
        int text = Canvas.LINE * DOT;
        var canvas = new Canvas(2 * side + 3 * MARGIN, side + 3 * MARGIN + BAR + 2 * (text + DOT * 2));
        canvas.fill(0, 0, canvas.width(), canvas.height(), BACKGROUND);
        canvas.draw(explanation.seen(), MARGIN, MARGIN, HeatMap.enlargement(explanation.seen()));
        canvas.draw(map, side + 2 * MARGIN, MARGIN, 1);

        int top = side + 2 * MARGIN;
        int width = canvas.width() - 2 * MARGIN;
        for (int x = 0; x < width; x++) {
            double share = 2 * (x + 0.5) / width - 1;
            canvas.fill(MARGIN + x, top, MARGIN + x + 1, top + BAR, HeatMap.colour(share));
        }
        String largest = String.format(Locale.ROOT, "%.6f", explanation.evidence().largest());
        int figures = top + BAR + 2 * DOT;
        write(canvas, "-" + largest, 0, figures);
        write(canvas, "0", 0.5, figures);
        write(canvas, "+" + largest, 1, figures);
        int most = width / 2 / (Canvas.ADVANCE * DOT) - 1;
        write(canvas, shortened("favours " + explanation.winner(), most), 0, figures + text + DOT);
        write(canvas, shortened("favours " + explanation.runnerUp(), most), 1, figures + text + DOT);
        canvas.write(png);
    }

    /** @param place 0 for the left end, 1 for the right one */
    private static void write(Canvas canvas, String text, double place, int top) {
        int room = canvas.width() - 2 * MARGIN - Canvas.widthOf(text, DOT);
        canvas.write(text, MARGIN + (int) Math.round(place * room), top, DOT, INK);
    }

    private static String shortened(String text, int most) {
        return text.length() <= most ? text : text.substring(0, most - 2) + "..";
    }
}
