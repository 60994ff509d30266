package org.diffusionclassifier.dataset;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import org.diffusionclassifier.tensor.InputException;

/** Opens a dataset by its form and path: {@code FORM:PATH}. */
public final class Datasets {

    private static final String FORMS = "idx:PATH, folder:PATH, csv:FILE, cifar10:PATH or cifar100:PATH";

    private static final InputException.Field DATASET = InputException.field("dataset");

    private Datasets() {
    }

    /**
     * Opens a dataset of one of these forms:
     * <ul>
     * <li>{@code idx:PATH}: {@linkplain IdxDataset MNIST's files}, a directory of them or one file of images
     * <li>{@code folder:PATH}: {@linkplain FolderDataset a folder a class}
     * <li>{@code csv:FILE}: {@linkplain CsvDataset a list of image files and their classes}
     * <li>{@code cifar10:PATH}, {@code cifar100:PATH}: a directory of {@linkplain CifarDataset CIFAR's binary version}
     * </ul>
     *
     * @param split {@code train} or {@code test}; for a folder, any sub-folder's name; a list or a single idx file has
     *              no splits and ignores it
     * @throws InputException for another form, or for files that are missing or are not what the form says
     */
    public static Dataset open(String spec, String split) {
        int colon = spec.indexOf(':');
        if (colon < 1 || colon == spec.length() - 1) {
            throw unknown(spec);
        }
        var path = path(spec.substring(colon + 1));
        return switch (spec.substring(0, colon)) {
            case "idx" -> IdxDataset.open(path, split);
            case "folder" -> FolderDataset.open(path, split);
            case "csv" -> CsvDataset.open(path);
            case "cifar10" -> CifarDataset.open10(path, split);
            case "cifar100" -> CifarDataset.open100(path, split);
            default -> throw unknown(spec);
        };
    }

    /** Opens {@linkplain CsvDataset a list of image files and their classes}, in whatever file system it lies. */
    public static Dataset csv(Path file) {
        return CsvDataset.open(file);
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
            return Path.of(text);
        } catch (InvalidPathException e) {
            throw InputException.of("%s: %s is no path", DATASET, InputException.quoted(text));
        }
    }

    private static InputException unknown(String spec) {
        return InputException.of("%s: expected %s, found %s", DATASET, FORMS, InputException.quoted(spec));
    }
}
