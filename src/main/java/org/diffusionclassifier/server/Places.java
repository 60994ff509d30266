package org.diffusionclassifier.server;

import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;

/** Keeps places on this machine out of answers: of a file, they have the name alone. */
final class Places {

    /** An absolute path's folders: from a slash that no word, colon or slash is before, to the last one. */
    private static final Pattern FOLDERS = Pattern.compile("(?<![\\w/:.])/(?:[^\\s/,:\"]+/)+");

    private Places() {
    }

    static String without(String text) {
        return FOLDERS.matcher(String.valueOf(text)).replaceAll("");
    }

    /** Settings by name, whose values are paths for some of them, with blanks perhaps. */
    static SortedMap<String, String> without(SortedMap<String, String> settings) {
        var kept = new TreeMap<String, String>();
        settings.forEach((name, value) -> kept.put(name, value.replaceAll("(^|, )/(?:[^,/]*/)*", "$1")));
        return kept;
    }
}
