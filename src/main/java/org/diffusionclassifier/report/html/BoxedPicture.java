package org.diffusionclassifier.report.html;

import java.util.ArrayList;
import java.util.List;
import org.diffusionclassifier.image.RgbImage;

/** A picture with numbered boxes drawn over it; the chosen one in another colour and with a thicker line. */
final class BoxedPicture {

    private BoxedPicture() {
    }

    /**
     * An {@code svg} element.
     *
     * @param boxes  x, y, width, height of each, in the picture's pixels
     * @param chosen index of a box, or null
     * @param truth  a box, drawn dashed, or null
     */
    static Html of(RgbImage picture, String description, List<double[]> boxes, Integer chosen, double[] truth,
                   int longest) {
        double letter = Math.max(picture.width(), picture.height()) / 16.0;
        var parts = new ArrayList<Html>();
        for (int i = 0; i < boxes.size(); i++) {
            boolean isChosen = chosen != null && chosen == i;
            parts.add(box(boxes.get(i), isChosen ? "box chosen" : "box"));
            parts.add(Html.of("""
                    <text class="%s" x="%.2f" y="%.2f" style="font-size:%.2fpx;stroke-width:%.2f">%d</text>""",
                    isChosen ? "number chosen" : "number", boxes.get(i)[0] + 0.3 * letter,
                    boxes.get(i)[1] + 1.1 * letter, letter, letter / 6, i + 1));
        }
        if (truth != null) {
            parts.add(box(truth, "box truth"));
        }
        return Html.of("""
                <svg role="img" preserveAspectRatio="xMinYMin" viewBox="0 0 %d %d"><title>%s</title>
                <image%s href="%s" width="%d" height="%d"/>
                %s
                </svg>""", picture.width(), picture.height(), description,
                Picture.style(picture), Picture.uri(picture, longest), picture.width(), picture.height(), Html.join(parts));
    }

    private static Html box(double[] box, String style) {
        return Html.of("<rect class=\"%s\" x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\"/>", style, box[0], box[1],
                box[2], box[3]);
    }
}
