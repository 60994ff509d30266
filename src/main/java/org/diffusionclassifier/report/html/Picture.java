package org.diffusionclassifier.report.html;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Base64;
import javax.imageio.ImageIO;
import org.diffusionclassifier.image.RgbImage;

/**
 * Pictures inside the page: small ones pixel by pixel as PNG, larger ones scaled down and as JPEG, which is a tenth of
 * the size.
 */
final class Picture {

    /** Longest side of a picture that is shown by itself, and of one among many. */
    static final int LARGE = 512;
    static final int SMALL = 128;

    /** Longest side of a picture that a browser is asked to enlarge by whole pixels. */
    private static final int PIXELS_COUNT = 64;

    private Picture() {
    }

    /**
     * An {@code img} element.
     *
     * @param description for readers who cannot see it
     * @param longest     side, at most, in pixels
     */
    static Html of(RgbImage image, String description, int longest) {
        return Html.of("<img%s alt=\"%s\" src=\"%s\"/>", style(image), description, uri(image, longest));
    }

    /** The attribute by which a browser keeps a small picture's pixels square; none for others. */
    static Html style(RgbImage image) {
        return arePixelsSeen(image) ? Html.of(" class=\"pixels\"") : Html.NOTHING;
    }

    private static boolean arePixelsSeen(RgbImage image) {
        return Math.max(image.width(), image.height()) <= PIXELS_COUNT;
    }

    /** The picture as a {@code data:} URI. */
    static String uri(RgbImage image, int longest) {
        String format = arePixelsSeen(image) ? "png" : "jpeg";
        var bytes = new ByteArrayOutputStream();
        try {
            if (!ImageIO.write(image.within(longest).buffered(), format, bytes)) {
                throw new IllegalStateException("no writer of " + format);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("writing to memory", e);
        }
        return "data:image/" + format + ";base64," + Base64.getEncoder().encodeToString(bytes.toByteArray());
    }
}
