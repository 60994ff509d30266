package org.diffusionclassifier.dataset;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.tensor.TextFile;

/**
 * CIFAR-10 and CIFAR-100 in their binary version (format: <a href="https://www.cs.toronto.edu/~kriz/cifar.html">
 * cs.toronto.edu/~kriz/cifar.html</a>): records of one label byte (CIFAR-100: a coarse and a fine one; the fine one is
 * used) and 32×32 pixels as three planes, red, green, blue. Held in memory as stored, made [H,W,3] on the way out.
 * {@link CifarPickles} makes such records of the Python version, which a directory may have instead.
 */
final class CifarDataset implements Dataset {

    private static final int SIDE = 32;
    private static final int PLANE = SIDE * SIDE;

    private final List<Batch> batches;
    private final List<String> classNames;
    private final int labelBytes;
    private final String description;

    private record Batch(Path file, byte[] records) {
    }

    /** A record, the {@code number}-th of its batch. */
    private record Place(Batch batch, int number) {
    }

    private CifarDataset(String description, List<String> classNames, int labelBytes, List<Batch> batches) {
        this.classNames = classNames;
        this.labelBytes = labelBytes;
        this.batches = batches;
        this.description = description + ", " + size() + " images of 32x32";
    }

    /**
     * CIFAR-10: {@code data_batch_1.bin} to {@code data_batch_5.bin} or {@code test_batch.bin}, with their names; or
     * pickles without {@code .bin}.
     */
    static CifarDataset open10(Path directory, String split) {
        var files = Datasets.isTrain(split)
                ? List.of("data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5")
                : List.of("test_batch");
        if (isPickled(directory, "batches.meta.txt", "batches.meta")) {
            return pickled(directory, files, "labels", "batches.meta", "label_names", 10);
        }
        return binary(directory, files, 1, "batches.meta.txt", 10);
    }

    /** CIFAR-100: {@code train.bin} or {@code test.bin}, with the names of the fine labels; or pickles likewise. */
    static CifarDataset open100(Path directory, String split) {
        var files = List.of(Datasets.isTrain(split) ? "train" : "test");
        if (isPickled(directory, "fine_label_names.txt", "meta")) {
            return pickled(directory, files, "fine_labels", "meta", "fine_label_names", 100);
        }
        return binary(directory, files, 2, "fine_label_names.txt", 100);
    }

    private static boolean isPickled(Path directory, String names, String pickledNames) {
        return Files.notExists(directory.resolve(names)) && Files.isRegularFile(directory.resolve(pickledNames));
    }

    private static CifarDataset binary(Path directory, List<String> files, int labelBytes, String namesFile,
            int classes) {
        List<String> names = readNames(directory.resolve(namesFile), classes);
        var batches = new ArrayList<Batch>();
        for (String file : files) {
            Path batch = directory.resolve(file + ".bin");
            batches.add(new Batch(batch, readRecords(batch, labelBytes, classes)));
        }
        return new CifarDataset(described(directory, batches, classes), names, labelBytes, batches);
    }

    private static CifarDataset pickled(Path directory, List<String> files, String labels, String namesFile,
            String namesKey, int classes) {
        List<String> names = CifarPickles.names(directory.resolve(namesFile), namesKey, classes);
        var batches = new ArrayList<Batch>();
        for (String file : files) {
            Path batch = directory.resolve(file);
            batches.add(new Batch(batch, CifarPickles.records(batch, labels, 3 * PLANE, classes)));
        }
        return new CifarDataset(described(directory, batches, classes), names, 1, batches);
    }

    private static String described(Path directory, List<Batch> batches, int classes) {
        var files = batches.stream().map(batch -> batch.file.getFileName().toString()).toList();
        return "cifar" + classes + " " + directory + " (" + String.join(", ", files) + ")";
    }

    @Override
    public int size() {
        return batches.stream().mapToInt(batch -> batch.records.length / recordBytes()).sum();
    }

    @Override
    public String name(int index) {
        Place place = place(index);
        return place.batch.file.getFileName().toString().replace(".bin", "") + "#" + place.number;
    }

    @Override
    public int label(int index) {
        Place place = place(index);
        return place.batch.records[place.number * recordBytes() + labelBytes - 1];
    }

    @Override
    public Path file(int index) {
        return place(index).batch.file;
    }

    private Place place(int index) {
        Objects.checkIndex(index, size());
        int number = index;
        for (var batch : batches) {
            int count = batch.records.length / recordBytes();
            if (number < count) {
                return new Place(batch, number);
            }
            number -= count;
        }
        throw new AssertionError("the batches' sizes sum to the dataset's");
    }

    @Override
    public RgbImage image(int index) {
        Place place = place(index);
        int start = place.number * recordBytes() + labelBytes;
        var rgb = new byte[PLANE * 3];
        for (int channel = 0; channel < 3; channel++) {
            for (int i = 0; i < PLANE; i++) {
                rgb[3 * i + channel] = place.batch.records[start + channel * PLANE + i];
            }
        }
        return new RgbImage(SIDE, SIDE, rgb);
    }

    @Override
    public List<String> classNames() {
        return classNames;
    }

    @Override
    public String description() {
        return description;
    }

    private int recordBytes() {
        return labelBytes + 3 * PLANE;
    }

    private static byte[] readRecords(Path file, int labelBytes, int classes) {
        int recordBytes = labelBytes + 3 * PLANE;
        byte[] records;
        try {
            long size = Files.size(file);
            if (size == 0 || size % recordBytes != 0 || size > Integer.MAX_VALUE - 8) {
                throw InputException.at(file, "not in CIFAR's binary version, expected a multiple of "
                        + recordBytes + " bytes below 2 GiB, found " + size);
            }
            records = Files.readAllBytes(file);
        } catch (IOException e) {
            throw InputException.unreadable(file, e);
        }
        for (int i = labelBytes - 1; i < records.length; i += recordBytes) {
            int label = Byte.toUnsignedInt(records[i]);
            if (label >= classes) {
                throw InputException.at(file, "record " + i / recordBytes + " has the label " + label
                        + ", expected one below " + classes);
            }
        }
        return records;
    }

    private static List<String> readNames(Path file, int classes) {
        List<String> names;
        try {
            names = TextFile.lines(file).stream().map(String::strip).filter(name -> !name.isEmpty()).toList();
        } catch (IOException e) {
            throw InputException.unreadable(file, e);
        }
        if (names.size() != classes) {
            throw InputException.at(file, "expected " + classes + " class names, found " + names.size());
        }
        return names;
    }
}
