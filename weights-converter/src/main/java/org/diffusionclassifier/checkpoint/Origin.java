package org.diffusionclassifier.checkpoint;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Where a model, or its autoencoder, comes from.
 *
 * @param name  what it is called: the last part of its path
 * @param files all that is read, by their paths within it; a model that is one file has its own name, one that was made
 *              up has none
 * @param notes what else a file that is made from it shall say, for {@code __metadata__}
 */
public record Origin(String name, SortedMap<String, Path> files, Map<String, String> notes) {

    public Origin {
        files = Collections.unmodifiableSortedMap(new TreeMap<>(files));
        notes = Map.copyOf(notes);
    }

    static Origin madeUp(String name) {
        return new Origin(name, new TreeMap<>(), Map.of());
    }

    static Origin of(Path file) {
        return new Origin(name(file), new TreeMap<>(Map.of(name(file), file)), Map.of());
    }

    /** @param files in the folder {@code root} or further down */
    static Origin of(Path root, Collection<Path> files) {
        var byName = new TreeMap<String, Path>();
        files.forEach(file -> byName.put(root.relativize(file).toString(), file));
        return new Origin(name(root), byName, Map.of());
    }

    /** With a note more. @param value written as JSON */
    Origin noted(String key, Object value) {
        var more = new LinkedHashMap<>(notes);
        try {
            more.put(key, new ObjectMapper().writeValueAsString(value));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
        return new Origin(name, files, more);
    }

    private static String name(Path path) {
        return path.toAbsolutePath().normalize().getFileName().toString();
    }
}
