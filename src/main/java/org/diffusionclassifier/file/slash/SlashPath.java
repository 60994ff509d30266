package org.diffusionclassifier.file.slash;

import java.net.URI;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.ProviderMismatchException;
import java.nio.file.WatchEvent;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.util.ArrayList;
import java.util.List;

/**
 * A path in a {@link SlashFileSystem}.
 *
 * @param files    where it is
 * @param absolute whether it starts at the root
 * @param names    its elements, of which none is empty but that of the empty path
 */
public record SlashPath(SlashFileSystem files, boolean absolute, List<String> names) implements Path {

    private static final List<String> EMPTY = List.of("");

    /** Of a text with slashes between the names, one before them if it is absolute. */
    public static SlashPath of(SlashFileSystem files, String text) {
        var names = new ArrayList<String>();
        for (String name : text.split("/")) {
            if (!name.isEmpty()) {
                names.add(name);
            }
        }
        return new SlashPath(files, text.startsWith("/"), names);
    }

    public SlashPath {
        names = absolute || !names.isEmpty() ? List.copyOf(names) : EMPTY;
    }

    /** The names from the root on, {@code ""} for the root. */
    public String fromRoot() {
        return String.join("/", toAbsolutePath().normalize().names);
    }

    private boolean isEmpty() {
        return names.equals(EMPTY);
    }

    private SlashPath with(boolean absolute, List<String> names) {
        return new SlashPath(files, absolute, names);
    }

    /** A path of such a file system, as itself. @throws ProviderMismatchException for another */
    public static SlashPath of(Path path) {
        if (path instanceof SlashPath slashed) {
            return slashed;
        }
        throw new ProviderMismatchException();
    }

    @Override
    public SlashFileSystem getFileSystem() {
        return files;
    }

    @Override
    public boolean isAbsolute() {
        return absolute;
    }

    @Override
    public SlashPath getRoot() {
        return absolute ? with(true, List.of()) : null;
    }

    @Override
    public SlashPath getFileName() {
        return names.isEmpty() ? null : with(false, names.subList(names.size() - 1, names.size()));
    }

    @Override
    public SlashPath getParent() {
        int kept = names.size() - 1;
        return kept < 0 || kept == 0 && !absolute ? null : with(absolute, names.subList(0, kept));
    }

    @Override
    public int getNameCount() {
        return names.size();
    }

    @Override
    public SlashPath getName(int index) {
        return subpath(index, index + 1);
    }

    @Override
    public SlashPath subpath(int from, int to) {
        if (from < 0 || to > names.size() || from >= to) {
            throw new IllegalArgumentException("names " + from + " to " + to + " of " + this);
        }
        return with(false, names.subList(from, to));
    }

    @Override
    public boolean startsWith(Path other) {
        return other instanceof SlashPath start && start.files == files && start.absolute == absolute
                && start.names.size() <= names.size() && names.subList(0, start.names.size()).equals(start.names);
    }

    @Override
    public boolean endsWith(Path other) {
        int from = names.size() - other.getNameCount();
        return other instanceof SlashPath end && end.files == files && from >= 0
                && (!end.absolute || absolute && from == 0) && names.subList(from, names.size()).equals(end.names);
    }

    @Override
    public SlashPath normalize() {
        var kept = new ArrayList<String>();
        for (String name : names) {
            boolean up = name.equals("..");
            if (up && !kept.isEmpty() && !kept.get(kept.size() - 1).equals("..")) {
                kept.remove(kept.size() - 1);
            } else if (!name.isEmpty() && !name.equals(".") && !(up && absolute)) {
                kept.add(name);
            }
        }
        return with(absolute, kept);
    }

    @Override
    public SlashPath resolve(Path other) {
        SlashPath tail = of(other);
        if (tail.absolute) {
            return tail;
        }
        if (tail.isEmpty() || isEmpty()) {
            return tail.isEmpty() ? this : tail;
        }
        var all = new ArrayList<>(names);
        all.addAll(tail.names);
        return with(absolute, all);
    }

    @Override
    public SlashPath relativize(Path other) {
        SlashPath target = of(other);
        if (isEmpty()) {
            return target;
        }
        if (target.absolute != absolute) {
            throw new IllegalArgumentException(this + " and " + target + " are not of one kind");
        }
        int common = 0;
        while (common < Math.min(names.size(), target.names.size())
                && names.get(common).equals(target.names.get(common))) {
            common++;
        }
        var way = new ArrayList<String>();
        for (int i = common; i < names.size(); i++) {
            way.add("..");
        }
        if (!target.isEmpty()) {
            way.addAll(target.names.subList(common, target.names.size()));
        }
        return with(false, way);
    }

    @Override
    public SlashPath toAbsolutePath() {
        return absolute ? this : files.root().resolve(this);
    }

    @Override
    public SlashPath toRealPath(LinkOption... options) {
        return toAbsolutePath().normalize();
    }

    @Override
    public URI toUri() {
        return files.uri(this);
    }

    @Override
    public WatchKey register(WatchService watcher, WatchEvent.Kind<?>[] events, WatchEvent.Modifier... modifiers) {
        throw new UnsupportedOperationException();
    }

    @Override
    public int compareTo(Path other) {
        return toString().compareTo(of(other).toString());
    }

    @Override
    public String toString() {
        return (absolute ? files.prefix() + "/" : "") + String.join("/", names);
    }
}
