package org.diffusionclassifier.dataset;

import org.diffusionclassifier.tensor.InputException;

/**
 * A share of a dataset, for evaluating it in several processes. {@link Range} deals the images of every class to the
 * shards in turn.
 *
 * @param number which share, from 1 to {@code of}
 * @param of     how many shares there are
 */
public record Shard(int number, int of) {

    public Shard {
        if (number < 1 || number > of) {
            throw refused(number + "/" + of);
        }
    }

    /**
     * Reads {@code NUMBER/OF}.
     *
     * @throws InputException for anything else
     */
    public static Shard parse(String text) {
        var parts = text.split("/", -1);
        if (parts.length != 2) {
            throw refused(text);
        }
        try {
            return new Shard(Integer.parseInt(parts[0]), Integer.parseInt(parts[1]));
        } catch (NumberFormatException e) {
            throw refused(text);
        }
    }

    /** As {@link #parse} reads it. */
    @Override
    public String toString() {
        return number + "/" + of;
    }

    /** Whether it gets the card of this number, from 0, when cards are dealt in turn. */
    boolean has(int card) {
        return card % of == number - 1;
    }

    private static InputException refused(String found) {
        return InputException.of("%s: expected NUMBER/OF with NUMBER from 1 to OF, as in 2/8, found %s",
                InputException.field("shard"), InputException.quoted(found));
    }
}
