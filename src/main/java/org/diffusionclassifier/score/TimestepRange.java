package org.diffusionclassifier.score;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.diffusionclassifier.tensor.InputException;

/**
 * The timesteps that trials are drawn from.
 *
 * @param from the first, at least 0, which is the timestep of the least noise
 * @param to   the last, one of them
 */
public record TimestepRange(int from, int to) {

    /** What settings call it, where it is not all of a model's timesteps. */
    public static final String SETTING = "timesteps";

    private static final InputException.Field TIMESTEPS = InputException.field(SETTING);
    private static final Pattern FORM = Pattern.compile("(\\d{1,9})\\.\\.(\\d{1,9})");

    /** @throws InputException unless 0 ≤ from ≤ to */
    public TimestepRange {
        if (from < 0 || from > to) {
            throw InputException.of("%s: expected FROM..TO, ascending from 0 on, found %d..%d", TIMESTEPS, from, to);
        }
    }

    /** All of a model's timesteps. @param timesteps T, at least 1 */
    public static TimestepRange all(int timesteps) {
        return new TimestepRange(0, timesteps - 1);
    }

    /** Reads {@code FROM..TO}, as {@link #toString} writes it. @throws InputException for another form */
    public static TimestepRange parse(String text) {
        Matcher form = FORM.matcher(text.strip());
        if (!form.matches()) {
            throw InputException.of("%s: expected FROM..TO, as 0..499, found %s", TIMESTEPS,
                    InputException.quoted(text));
        }
        return new TimestepRange(Integer.parseInt(form.group(1)), Integer.parseInt(form.group(2)));
    }

    /**
     * This one, if a model has its timesteps.
     *
     * @param timesteps T of the model
     * @throws InputException if it goes beyond T − 1
     */
    public TimestepRange within(int timesteps) {
        if (to >= timesteps) {
            throw InputException.of("%s: expected some of the model's 0..%d, found %s", TIMESTEPS, timesteps - 1, this);
        }
        return this;
    }

    /** How many timesteps there are. */
    public int size() {
        return to - from + 1;
    }

    @Override
    public String toString() {
        return from + ".." + to;
    }
}
