package org.diffusionclassifier.dataset.parquet;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.diffusionclassifier.tensor.InputException;

/**
 * The files of a split, in the layouts of the Hugging Face hub: {@code SPLIT-00000-of-00002.parquet} and so on, in the
 * folder or in its {@code data}, and {@code SPLIT/0000.parquet} and so on. The hub has {@code validation} for {@code
 * val}; a data set that is published as one is all splits there, by their names.
 */
final class Shards {

    private static final Pattern OF = Pattern.compile("(.+)-(\\d{5})-of-(\\d{5})(-[0-9a-f]+)?\\.parquet");
    private static final String EXTENSION = ".parquet";
    private static final String ALL = "all";

    private Shards() {
    }

    /** @throws InputException if the split has no files, or not all */
    static List<Path> of(Path path, String split) {
        if (Files.isRegularFile(path)) {
            return List.of(path);
        }
        List<String> wanted = split.equals("val") ? List.of("val", "validation") : List.of(split);
        var splits = new TreeSet<String>();
        for (Path folder : List.of(path.resolve("data"), path)) {
            SortedMap<String, List<Path>> there = bySplit(folder);
            splits.addAll(there.keySet());
            if (!split.equals(ALL) || there.containsKey(ALL)) {
                there.keySet().retainAll(wanted);
            }
            there.values().forEach(Shards::requireAll);
            if (!there.isEmpty()) {
                return there.values().stream().flatMap(List::stream).toList();
            }
        }
        throw new InputException(path + ": no split " + InputException.quoted(split) + ", found "
                + (splits.isEmpty() ? "no .parquet file" : String.join(", ", splits)));
    }

    /** The files of a folder, and those of the folders in it. */
    private static SortedMap<String, List<Path>> bySplit(Path folder) {
        var splits = new TreeMap<String, List<Path>>();
        for (Path file : files(folder)) {
            splits.computeIfAbsent(name(file), name -> new ArrayList<>()).add(file);
        }
        for (Path below : list(folder, Files::isDirectory)) {
            List<Path> files = files(below);
            if (!files.isEmpty()) {
                splits.computeIfAbsent(below.getFileName().toString(), name -> new ArrayList<>()).addAll(files);
            }
        }
        return splits;
    }

    private static List<Path> files(Path folder) {
        return list(folder, file -> file.toString().endsWith(EXTENSION) && Files.isRegularFile(file));
    }

    private static List<Path> list(Path folder, Predicate<Path> wanted) {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(wanted).sorted().toList();
        } catch (IOException e) {
            throw InputException.unreadable(folder, e);
        }
    }

    private static String name(Path file) {
        String name = file.getFileName().toString();
        Matcher shard = OF.matcher(name);
        return shard.matches() ? shard.group(1) : name.substring(0, name.length() - EXTENSION.length());
    }

    private static void requireAll(List<Path> shards) {
        Matcher first = OF.matcher(shards.get(0).getFileName().toString());
        if (first.matches() && Integer.parseInt(first.group(3)) != shards.size()) {
            throw new InputException(shards.get(0) + ": expected " + Integer.parseInt(first.group(3))
                    + " shards beside each other, found " + shards.size());
        }
    }
}
