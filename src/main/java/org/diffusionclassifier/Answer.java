package org.diffusionclassifier;

import java.util.List;
import java.util.SortedMap;
import java.util.function.BiFunction;
import java.util.stream.Stream;

/**
 * What comparing pictures and captions came to, and what it took.
 *
 * @param value    what was asked for
 * @param settings what it depends on, by name
 * @param trials   of each pair of a picture and a caption
 * @param pairs    (caption, trial) pairs evaluated, those of an earlier run that this one went on with among them
 * @param seconds  from when the model was loaded
 * @param notices  what the user should know of the captions, and of an earlier run, a line each
 */
public record Answer<T>(T value, SortedMap<String, String> settings, int trials, long pairs, double seconds,
                        List<String> notices) {

    /** The same of what is made of the value and the settings. */
    <S> Answer<S> then(BiFunction<T, SortedMap<String, String>, S> made) {
        return new Answer<>(made.apply(value, settings), settings, trials, pairs, seconds, notices);
    }

    /** The same, after an earlier run. */
    Answer<T> after(long earlierPairs, List<String> earlierNotices) {
        return new Answer<>(value, settings, trials, earlierPairs + pairs, seconds,
                Stream.concat(notices.stream(), earlierNotices.stream()).toList());
    }
}
