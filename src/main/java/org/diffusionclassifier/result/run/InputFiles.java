package org.diffusionclassifier.result.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.diffusionclassifier.file.JsonFile;
import org.diffusionclassifier.file.Sha256;
import org.diffusionclassifier.tensor.InputException;

/**
 * {@code inputs.json}: what the files were that a run's results come from, so that one that was replaced since is
 * noticed when the run is resumed. It is written whole before the first image is classified, and therefore survives a
 * kill.
 */
final class InputFiles {

    private static final TypeReference<TreeMap<String, Stamp>> STAMPS = new TypeReference<>() { };

    /**
     * What tells a file from another in its place.
     *
     * @param size     in bytes
     * @param modified when it was last changed, in ISO 8601
     * @param sha256   of its content; null if that was not asked for
     */
    record Stamp(long size, String modified, String sha256) {

        /** Null if there is no such file. */
        static Stamp of(Path file, boolean hashed) {
            try {
                var attributes = Files.readAttributes(file, BasicFileAttributes.class);
                return new Stamp(attributes.size(), attributes.lastModifiedTime().toString(),
                        hashed ? Sha256.of(file) : null);
            } catch (NoSuchFileException e) {
                return null;
            } catch (IOException e) {
                throw InputException.unreadable(file, e);
            }
        }

        /** By content where both know theirs: a copy has another time. */
        boolean isOf(Stamp other) {
            return sha256 != null && other.sha256 != null ? sha256.equals(other.sha256)
                    : size == other.size && modified.equals(other.modified);
        }

        /** With the hash of the same file's earlier stamp, if it has none itself. */
        Stamp hashedAs(Stamp earlier) {
            return sha256 == null && earlier != null && isOf(earlier) ? earlier : this;
        }

        @Override
        public String toString() {
            return size + " bytes of " + modified;
        }
    }

    private InputFiles() {
    }

    /**
     * Compares the files that results are there of, and writes down all.
     *
     * @param file   {@code inputs.json}
     * @param used   what results are there of
     * @param all    what the run reads, {@code used} among it
     * @param hashed whether contents are compared too
     * @throws InputException if one of {@code used} is another than it was
     */
    static void check(Path file, Collection<Path> used, Collection<Path> all, boolean hashed) {
        TreeMap<String, Stamp> stamps = Files.exists(file) ? read(file) : new TreeMap<>();
        var now = new TreeMap<String, Stamp>();
        for (Path input : all) {
            Stamp stamp = Stamp.of(input, hashed);
            if (stamp != null) {
                now.put(key(input), stamp.hashedAs(stamps.get(key(input))));
            }
        }
        refuseChanged(used, stamps, now);
        stamps.putAll(now);
        JsonFile.write(file, stamps);
    }

    private static void refuseChanged(Collection<Path> used, Map<String, Stamp> before, Map<String, Stamp> now) {
        var changed = new ArrayList<Path>();
        for (Path input : used) {
            Stamp then = before.get(key(input));
            if (then != null && (now.get(key(input)) == null || !now.get(key(input)).isOf(then))) {
                changed.add(input);
            }
        }
        if (changed.isEmpty()) {
            return;
        }
        Path first = changed.get(0);
        throw InputException.of("%s: expected the file that the run began with (%s), found %s%s: put it back, or use "
                + "another %s; with %s from the start, a file is known by its content", first, before.get(key(first)),
                Objects.requireNonNullElse(now.get(key(first)), "none"),
                changed.size() == 1 ? "" : ", and " + (changed.size() - 1) + " more that changed",
                RunFolder.OUT, InputException.field("verify"));
    }

    private static String key(Path input) {
        return input.toAbsolutePath().normalize().toString();
    }

    private static TreeMap<String, Stamp> read(Path file) {
        try {
            return JsonFile.MAPPER.readValue(Files.readAllBytes(file), STAMPS);
        } catch (JsonProcessingException e) {
            throw new InputException(file + ": not a JSON object of files", e);
        } catch (IOException e) {
            throw InputException.unreadable(file, e);
        }
    }
}
