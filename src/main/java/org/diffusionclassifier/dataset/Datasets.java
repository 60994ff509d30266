package org.diffusionclassifier.dataset;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.ServiceLoader;
import java.util.function.Function;
import org.diffusionclassifier.file.AtomicFolder;
import org.diffusionclassifier.file.RemoteFiles;
import org.diffusionclassifier.file.Sha256;
import org.diffusionclassifier.file.archive.Archive;
import org.diffusionclassifier.image.Turning;
import org.diffusionclassifier.tensor.InputException;

/** Opens a dataset by its form and path: {@code FORM:PATH}. */
public final class Datasets {

    private static final String FORMS = "idx:PATH, folder:PATH, csv:FILE, cifar10:PATH, cifar100:PATH";

    private static final InputException.Field DATASET = InputException.field("dataset");

    private Datasets() {
    }

    /**
     * Opens a dataset of one of these forms:
     * <ul>
     * <li>{@code idx:PATH}: {@linkplain IdxDataset MNIST's files}, a directory of them or one file of images
     * <li>{@code folder:PATH}: {@linkplain FolderDataset a folder a class}
     * <li>{@code csv:FILE}: {@linkplain CsvDataset a list of image files and their classes}
     * <li>{@code cifar10:PATH}, {@code cifar100:PATH}: a directory of {@linkplain CifarDataset CIFAR's binary or
     *     Python version}
     * <li>the name of a {@link DatasetForm} that is on the class path, as {@code parquet:PATH}
     * </ul>
     * Where these say directory, an {@linkplain Archive archive} is read like one. The data set keeps it open until it
     * is closed itself. A path may be the URL of another file system, where {@link RemoteFiles} are there.
     *
     * @param split {@code train} or {@code test}; for a folder, any sub-folder's name; a list or a single idx file has
     *              no splits and ignores it
     * @throws InputException for another form, or for files that are missing or are not what the form says
     */
    public static Dataset open(String spec, String split) {
        return open(Path.of(""), spec, split);
    }

    /** The same, a relative path being relative to {@code base}. */
    public static Dataset open(Path base, String spec, String split) {
        int colon = spec.indexOf(':');
        if (colon < 1 || colon == spec.length() - 1) {
            throw unknown(spec);
        }
        Path given = path(spec.substring(colon + 1));
        Path path = given.getFileSystem() == base.getFileSystem() ? base.resolve(given) : given;
        String form = spec.substring(0, colon);
        return switch (form) {
            case "idx" -> isArchive(path) ? archived(path, root -> IdxDataset.open(root, split))
                    : IdxDataset.open(path, split);
            case "folder" -> archived(path, root -> FolderDataset.open(root, split));
            case "csv" -> CsvDataset.open(path);
            case "cifar10" -> archived(path, root -> CifarDataset.open10(root, split));
            case "cifar100" -> archived(path, root -> CifarDataset.open100(root, split));
            default -> forms().stream().filter(other -> other.name().equals(form)).findFirst()
                    .orElseThrow(() -> unknown(spec)).open(path, split, Turning.UPRIGHT);
        };
    }

    /**
     * Opens a data set in a directory, or in an archive that is read like one.
     *
     * @param open gets the directory, or the root of the archive
     * @throws InputException as {@code open}, or for a file that is no archive
     */
    public static Dataset archived(Path path, Function<Path, Dataset> open) {
        if (!Files.isRegularFile(path)) {
            return open.apply(path);
        }
        Archive archive = Archive.open(path);
        try {
            return new ArchivedDataset(open.apply(archive.root()), path, archive);
        } catch (RuntimeException e) {
            archive.close();
            throw e;
        }
    }

    /** Whether a file is an archive rather than one of images, as its name says: both may be gzipped. */
    private static boolean isArchive(Path path) {
        return Files.isRegularFile(path) && path.toString().matches("(?i).*\\.(zip|tar|tgz|tar\\.gz)");
    }

    private static List<DatasetForm> forms() {
        return ServiceLoader.load(DatasetForm.class).stream().map(ServiceLoader.Provider::get).toList();
    }

    /** Opens {@linkplain CsvDataset a list of image files and their classes}, in whatever file system it lies. */
    public static Dataset csv(Path file) {
        return CsvDataset.open(file);
    }

    /** Opens {@linkplain IdxDataset MNIST's files} in a directory of whatever file system. */
    public static Dataset idx(Path directory, String split) {
        return IdxDataset.open(directory, split);
    }

    /** Opens {@linkplain CifarDataset CIFAR-10's binary or Python version} in a directory of whatever file system. */
    public static Dataset cifar10(Path directory, String split) {
        return CifarDataset.open10(directory, split);
    }

    /** Opens {@linkplain CifarDataset CIFAR-100's binary or Python version} in a directory of whatever file system. */
    public static Dataset cifar100(Path directory, String split) {
        return CifarDataset.open100(directory, split);
    }

    /**
     * Opens Parquet files as {@code parquet:PATH} does, with their pictures the way up that they are stored.
     *
     * @throws InputException as {@link #open}
     */
    public static Dataset parquetAsStored(Path path, String split) {
        return parquet(path).open(path, split, Turning.STORED);
    }

    /**
     * Unpacks Winoground's Parquet files, once, into the folder for caches.
     *
     * @return the folder of {@code examples.jsonl}
     * @throws InputException for files that are missing or have other columns, or if the folder cannot be written
     */
    public static Path parquetPairs(Path path, String split) {
        DatasetForm form = parquet(path);
        var identity = new Sha256();
        for (Path file : form.files(path, split)) {
            try {
                identity.add(file.toRealPath(), Files.size(file), Files.getLastModifiedTime(file).toMillis());
            } catch (IOException e) {
                throw InputException.unreadable(file, e);
            }
        }
        Path folder = Archive.caches().resolve("pairs-" + identity.hex().substring(0, 16));
        AtomicFolder.make(folder, made -> form.unpackPairs(path, split, made));
        return folder;
    }

    private static DatasetForm parquet(Path path) {
        return forms().stream().filter(form -> form.name().equals("parquet")).findFirst()
                .orElseThrow(() -> unknown("parquet:" + path));
    }

    /** Refuses a split other than {@code train} and {@code test}, the two that a published archive comes in. */
    static boolean isTrain(String split) {
        return switch (split) {
            case "train" -> true;
            case "test" -> false;
            default -> throw InputException.of("%s: expected train or test, found %s", InputException.field("split"),
                    InputException.quoted(split));
        };
    }

    private static Path path(String text) {
        try {
            return RemoteFiles.pathOf(text);
        } catch (InvalidPathException e) {
            throw InputException.of("%s: %s is no path", DATASET, InputException.quoted(text));
        }
    }

    private static InputException unknown(String spec) {
        var known = new ArrayList<>(List.of(FORMS));
        forms().forEach(form -> known.add(form.name() + ":PATH"));
        return InputException.of("%s: expected %s, found %s", DATASET, String.join(", ", known),
                InputException.quoted(spec));
    }
}
