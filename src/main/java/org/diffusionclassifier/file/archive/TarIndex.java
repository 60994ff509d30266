package org.diffusionclassifier.file.archive;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarFile;
import org.diffusionclassifier.tensor.InputException;

/**
 * Where in a TAR file its members lie, found in one pass over the headers, in which the data are skipped. Commons
 * Compress reads the headers: POSIX ustar, PAX and GNU's long names. A link stands for the file that it leads to in the
 * archive; one that leads nowhere is left out, as are devices and pipes.
 *
 * @param archive the file
 * @param members by name, {@code ""} for the root; names have neither a slash at an end nor the element {@code .}
 */
record TarIndex(Path archive, Map<String, Member> members) {

    private static final int MAX_DEPTH = 64;

    /**
     * A file, or a folder.
     *
     * @param offset   of a file's first byte in the archive
     * @param modified in milliseconds since 1970
     * @param children the names in a folder, in the archive's order; null for a file
     */
    record Member(long offset, long size, long modified, List<String> children) {

        boolean isFolder() {
            return children != null;
        }
    }

    /** @throws InputException for what is no TAR file, or has members that are no files of a folder */
    static TarIndex read(Path archive) {
        var index = new TarIndex(archive, new LinkedHashMap<>());
        index.members.put("", new Member(0, 0, 0, new ArrayList<>()));
        var links = new LinkedHashMap<String, String>();
        try (var channel = Files.newByteChannel(archive); var tar = new TarFile(channel)) {
            for (TarArchiveEntry entry : tar.getEntries()) {
                index.add(entry, links);
            }
        } catch (InputException e) {
            throw e;
        } catch (IOException | RuntimeException e) {    // thrown by Commons Compress for broken headers
            throw new InputException(archive + ": expected a TAR, gzip or ZIP archive, found none or a broken one", e);
        }
        if (index.members.size() == 1 && links.isEmpty()) {
            throw new InputException(archive + ": expected an archive of files, found an empty one or none");
        }
        for (var link : links.entrySet()) {
            Member target = index.members.get(link.getValue());
            if (target != null && !target.isFolder()) {
                index.put(link.getKey(), target);
            }
        }
        return index;
    }

    private void add(TarArchiveEntry entry, Map<String, String> links) {
        String name = inside(entry.getName());
        if (entry.isSparse()) {
            throw new InputException(archive + ": expected whole files, found the sparse one "
                    + InputException.quoted(name));
        }
        long modified = entry.getLastModifiedTime().toMillis();
        if (entry.isDirectory()) {
            if (!name.isEmpty()) {
                folder(name);
            }
        } else if (entry.isLink()) {
            links.put(name, inside(entry.getLinkName()));
        } else if (entry.isSymbolicLink()) {
            String target = entry.getLinkName();
            if (!target.startsWith("/")) {
                links.put(name, normal(parent(name) + "/" + target));
            }
        } else if (!entry.isFIFO() && !entry.isCharacterDevice() && !entry.isBlockDevice()) {
            put(name, new Member(entry.getDataOffset(), entry.getSize(), modified, null));
        }
    }

    private void put(String name, Member file) {
        if (name.isEmpty()) {
            throw new InputException(archive + ": a member has no name");
        }
        Member before = members.put(name, file);
        if (before == null) {
            folder(parent(name)).children.add(name.substring(name.lastIndexOf('/') + 1));
        } else if (before.isFolder()) {
            throw twofold(name);
        }
    }

    /** The folder of that name, made with those that it is in: a TAR file need not list them. */
    private Member folder(String name) {
        Member known = members.get(name);
        if (known == null) {
            known = new Member(0, 0, 0, new ArrayList<>());
            members.put(name, known);
            folder(parent(name)).children.add(name.substring(name.lastIndexOf('/') + 1));
        } else if (!known.isFolder()) {
            throw twofold(name);
        }
        return known;
    }

    private InputException twofold(String name) {
        return new InputException(archive + ": " + InputException.quoted(name) + " is a file and a folder");
    }

    private static String parent(String name) {
        return name.substring(0, Math.max(name.lastIndexOf('/'), 0));
    }

    /** The name of a member, as the index has it. */
    private String inside(String name) {
        Archive.requireInside(archive, name);
        String inside = normal(name);
        if (inside.chars().filter(c -> c == '/').count() > MAX_DEPTH) {
            throw new InputException(archive + ": expected at most " + MAX_DEPTH
                    + " folders in each other, found more");
        }
        return inside;
    }

    /** Without empty elements and {@code .}; {@code ..}, which only symbolic links may have, takes one away. */
    private static String normal(String name) {
        var elements = new ArrayList<String>();
        for (String element : name.split("/")) {
            if (element.equals("..") && !elements.isEmpty()) {
                elements.remove(elements.size() - 1);
            } else if (!element.isEmpty() && !element.equals(".")) {
                elements.add(element);
            }
        }
        return String.join("/", elements);
    }
}
