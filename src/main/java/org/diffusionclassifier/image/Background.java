package org.diffusionclassifier.image;

import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import org.diffusionclassifier.tensor.InputException;

/**
 * The colour on which what is transparent in a picture is laid by {@link RgbImage#on}.
 *
 * @param red   from 0 to 255
 * @param green from 0 to 255
 * @param blue  from 0 to 255
 */
public record Background(int red, int green, int blue) {

    private static final Map<String, String> NAMED = Map.of("white", "#ffffff", "black", "#000000");
    private static final Pattern HEXADECIMAL = Pattern.compile("#[0-9a-f]{6}");

    /** @throws InputException for a level outside its range */
    public Background {
        if (Math.min(Math.min(red, green), blue) < 0 || Math.max(Math.max(red, green), blue) > 255) {
            throw InputException.of("%s: expected levels from 0 to 255, found %d, %d, %d",
                    InputException.field("background"), red, green, blue);
        }
    }

    /**
     * Reads a colour.
     *
     * @param text {@code white}, {@code black} or {@code #RRGGBB}, in letters of either case
     * @throws InputException for anything else
     */
    public static Background parse(String text) {
        String small = text.toLowerCase(Locale.ROOT);
        String colour = NAMED.getOrDefault(small, small);
        if (!HEXADECIMAL.matcher(colour).matches()) {
            throw InputException.of("%s: expected white, black or #RRGGBB, found %s",
                    InputException.field("background"), InputException.quoted(text));
        }
        int rgb = Integer.parseInt(colour.substring(1), 16);
        return new Background(rgb >> 16, rgb >> 8 & 0xFF, rgb & 0xFF);
    }

    /** As {@code #ffffff}. */
    @Override
    public String toString() {
        return String.format("#%02x%02x%02x", red, green, blue);
    }
}
