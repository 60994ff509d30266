package org.diffusionclassifier.prompt;

import java.text.Normalizer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;

/**
 * Finds classes by name, spelling aside: case, blanks, underscores, hyphens and the form of accents in Unicode make no
 * difference, so that {@code maple_tree} is "Maple tree". Commas separate names for the same class, as in ImageNet's
 * "tench, Tinca tinca". A name that is written alike, or whole, goes before one that is not.
 */
final class ClassNames {

    private static final Pattern SEPARATORS = Pattern.compile("[\\p{Pd}\\p{Z}\\s_]+");

    /** What classes are called, by one way of reading names; the strictest way first. */
    private final List<Map<String, Set<Integer>>> readings = new ArrayList<>();

    /** @param names of the classes by their indices */
    ClassNames(SortedMap<Integer, String> names) {
        for (boolean whole : new boolean[] {true, false}) {
            for (UnaryOperator<String> spelling : List.<UnaryOperator<String>>of(String::strip, ClassNames::plain)) {
                var reading = new HashMap<String, Set<Integer>>();
                names.forEach((index, name) -> {
                    for (String part : whole ? List.of(name) : List.of(name.split(","))) {
                        reading.computeIfAbsent(spelling.apply(part), key -> new LinkedHashSet<>()).add(index);
                    }
                });
                readings.add(reading);
            }
        }
    }

    /** The indices of the classes that a name may mean: none, one, or several. */
    List<Integer> find(String name) {
        String exact = name.strip();
        String plain = plain(name);
        for (int i = 0; i < readings.size(); i++) {
            Set<Integer> found = readings.get(i).get(i % 2 == 0 ? exact : plain);
            if (found != null) {
                return List.copyOf(found);
            }
        }
        return List.of();
    }

    /** A name less all that its spelling may vary in; one of separators alone stays as it is. */
    private static String plain(String name) {
        String plain = SEPARATORS.matcher(Normalizer.normalize(name.toLowerCase(Locale.ROOT), Normalizer.Form.NFC))
                .replaceAll("");
        return plain.isEmpty() ? name : plain;
    }
}
