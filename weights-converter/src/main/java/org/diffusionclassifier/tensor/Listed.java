package org.diffusionclassifier.tensor;

import java.util.List;

/** Lists in messages, which stay one line however long the list is. */
public final class Listed {

    private static final int SHOWN = 5;

    private Listed() {
    }

    /** The first five, and how many more there are: {@code a, b, c, d, e and 95 more}. */
    public static String of(List<String> all) {
        if (all.size() <= SHOWN + 1) {      // "and 1 more" would be no shorter than the one itself
            return String.join(", ", all);
        }
        return String.join(", ", all.subList(0, SHOWN)) + " and " + (all.size() - SHOWN) + " more";
    }
}
