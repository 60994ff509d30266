package org.diffusionclassifier;

import java.util.SortedMap;

/**
 * What comparing pictures and captions came to, and what it took.
 *
 * @param value    what was asked for
 * @param settings what it depends on, by name
 * @param trials   of each pair of a picture and a caption
 * @param pairs    (caption, trial) pairs evaluated
 * @param seconds  from when the model was loaded
 */
public record Answer<T>(T value, SortedMap<String, String> settings, int trials, long pairs, double seconds) {
}
