package org.diffusionclassifier.file.archive;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.ProviderNotFoundException;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;
import org.diffusionclassifier.file.AtomicFile;
import org.diffusionclassifier.file.Sha256;
import org.diffusionclassifier.tensor.InputException;

/**
 * A folder, or an archive that is read like one: {@code .zip}, {@code .tar} and {@code .tar.gz}, told apart by their
 * content, as mirrors serve the one under the name of the other.
 *
 * <p>A ZIP file has a directory, and a TAR file gets an index when it is opened; from both, files are read where they
 * lie. Nothing in a gzip stream can be read without unpacking all before it, so it is unpacked once, into a TAR file in
 * a folder for caches.
 */
public final class Archive implements AutoCloseable {

    private static final byte[] ZIP = {'P', 'K'};
    private static final byte[] GZIP = {0x1f, (byte) 0x8b};

    private final Path root;
    private final FileSystem fileSystem;
    private final List<String> notices;

    private Archive(Path root, FileSystem fileSystem, List<String> notices) {
        this.root = root;
        this.fileSystem = fileSystem;
        this.notices = notices;
    }

    /** Opens an archive, or passes on a folder, with the user's folder for caches. */
    public static Archive open(Path path) {
        return open(path, caches());
    }

    /** A folder of this program's in the user's folder for caches, which need not be there. */
    public static Path caches() {
        return userCaches().resolve("diffusion-classifier");
    }

    /** {@code XDG_CACHE_HOME}, or {@code ~/.cache} (XDG Base Directory Specification). */
    private static Path userCaches() {
        String set = System.getenv("XDG_CACHE_HOME");
        return set == null || set.isEmpty() ? Path.of(System.getProperty("user.home"), ".cache") : Path.of(set);
    }

    /**
     * Opens an archive, or passes on a folder.
     *
     * @param caches where what is compressed as a whole is unpacked; made if need be
     * @throws InputException if there is no such file, it is no archive or a broken one, or one of its names is
     *                        absolute or leads out of it ({@code ..})
     */
    public static Archive open(Path path, Path caches) {
        if (Files.isDirectory(path)) {
            return new Archive(path, null, List.of());
        }
        if (path.getFileSystem() != FileSystems.getDefault()) {
            return fetched(path, caches);
        }
        try {
            byte[] start = start(path);
            if (Arrays.equals(start, ZIP)) {
                return zip(path);
            }
            if (Arrays.equals(start, GZIP)) {
                Path unpacked = unpacked(path, caches);
                return tar(path, unpacked, List.of(path + " is read from " + unpacked
                        + ", into which it has been unpacked: delete that when it is no longer needed"));
            }
            return tar(path, path, List.of());
        } catch (IOException e) {
            throw InputException.unreadable(path, e);
        }
    }

    /** What the folder or archive holds. */
    public Path root() {
        return root;
    }

    /** What the user should know without being kept from anything. */
    public List<String> notices() {
        return notices;
    }

    @Override
    public void close() {
        if (fileSystem != null) {
            try {
                fileSystem.close();
            } catch (IOException e) {
                throw InputException.unreadable(root, e);
            }
        }
    }

    private static Archive zip(Path path) throws IOException {
        try (var zip = new ZipFile(path.toFile())) {
            for (var entry : Collections.list(zip.entries())) {
                requireInside(path, entry.getName());
            }
            FileSystem files = FileSystems.newFileSystem(path);
            return new Archive(files.getPath("/"), files, List.of());
        } catch (ZipException | ProviderNotFoundException e) {    // the latter for a broken one not called .zip
            throw new InputException(path + (String.valueOf(e.getMessage()).contains("encrypted")
                    ? ": expected a ZIP file without a password, found one with (unpack it)"
                    : ": broken ZIP file: " + e.getMessage()), e);
        }
    }

    /** @throws InputException for the name of a member that unpacking would put outside of the folder */
    static void requireInside(Path archive, String name) {
        if (name.startsWith("/") || List.of(name.split("/")).contains("..")) {
            throw new InputException(archive + ": expected names inside the archive, found "
                    + InputException.quoted(name));
        }
    }

    /** @param tar the file that {@code path} was unpacked to, or itself */
    private static Archive tar(Path path, Path tar, List<String> notices) throws IOException {
        var files = new TarFileSystem(TarIndex.read(tar), path);
        return new Archive(files.root(), files, notices);
    }

    /** A copy on this machine, of which files can be read where they lie. */
    private static Archive fetched(Path path, Path caches) {
        try {
            Path copy = caches.resolve(identity(path) + "-" + path.getFileName());
            if (!Files.exists(copy)) {
                Files.createDirectories(caches);
                AtomicFile.write(copy, out -> Files.copy(path, out));
            }
            return open(copy, caches);
        } catch (IOException e) {
            throw InputException.unreadable(path, e);
        }
    }

    /** What tells a file from others, and from another state of its own. */
    private static String identity(Path path) throws IOException {
        Path real = path.toRealPath();
        var identity = new Sha256();
        identity.add(real, Files.size(real), Files.getLastModifiedTime(real).toMillis());
        return identity.hex().substring(0, 16);
    }

    /** The TAR file in {@code archive}, under a name that another archive, or another state of this one, has not. */
    private static Path unpacked(Path archive, Path caches) throws IOException {
        Path tar = caches.resolve(archive.getFileName() + "-" + identity(archive) + ".tar");
        if (!Files.exists(tar)) {
            Files.createDirectories(caches);
            AtomicFile.write(tar, out -> {
                try (var in = new GZIPInputStream(Files.newInputStream(archive), 1 << 16)) {
                    in.transferTo(out);
                } catch (ZipException | EOFException e) {
                    throw new InputException(archive + ": broken gzip file: " + (e instanceof ZipException
                            ? e.getMessage() : "it ends early"), e);
                }
            });
        }
        return tar;
    }

    private static byte[] start(Path path) throws IOException {
        try (InputStream in = Files.newInputStream(path)) {
            return in.readNBytes(2);
        }
    }
}
