package org.diffusionclassifier;

import java.util.List;
import java.util.SortedMap;

/**
 * What comparing pictures and captions came to, and what it took.
 *
 * @param value    what was asked for
 * @param settings what it depends on, by name
 * @param trials   of each pair of a picture and a caption
 * @param pairs    (caption, trial) pairs evaluated
 * @param seconds  from when the model was loaded
 * @param notices  what the user should know of the captions, a line each
 */
public record Answer<T>(T value, SortedMap<String, String> settings, int trials, long pairs, double seconds,
                        List<String> notices) {

    /** The same of what was made of the value. */
    <S> Answer<S> of(S other) {
        return new Answer<>(other, settings, trials, pairs, seconds, notices);
    }
}
