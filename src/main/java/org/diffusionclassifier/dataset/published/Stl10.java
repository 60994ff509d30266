package org.diffusionclassifier.dataset.published;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.diffusionclassifier.dataset.Dataset;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.tensor.InputException;

/**
 * STL-10 in its binary version (Coates et al., 2011):
 * <pre>
 *   stl10_binary/{train,test}_X.bin      96×96 bytes of red, of green, of blue a picture, column by column
 *   stl10_binary/{train,test}_y.bin      a byte a picture: its class, from 1
 *   stl10_binary/class_names.txt         a class a line
 *   stl10_binary/fold_indices.txt        ten lines, each the numbers from 0 of a fold's training pictures
 * </pre>
 * Pictures are read when asked for.
 */
public final class Stl10 implements Dataset {

    private static final int SIDE = 96;
    private static final int PLANE = SIDE * SIDE;

    private final Path pictures;
    private final byte[] labels;
    private final int[] numbers;
    private final List<String> classNames;

    private Stl10(Path pictures, byte[] labels, int[] numbers, List<String> classNames) {
        this.pictures = pictures;
        this.labels = labels;
        this.numbers = numbers;
        this.classNames = classNames;
    }

    /**
     * @param split {@code train} or {@code test}
     * @throws InputException if files are missing or contradict each other
     */
    public static Stl10 open(Path given, String split) {
        DataRoot.requireSplit(split, "train", "test");
        Path root = DataRoot.find(given, "STL-10", "stl10_binary", "class_names.txt");
        List<String> names = ListLine.names(root.resolve("class_names.txt"));
        byte[] labels = labels(root.resolve(split + "_y.bin"), names.size());
        Path pictures = root.resolve(split + "_X.bin");
        try {
            if (Files.size(pictures) != 3L * PLANE * labels.length) {
                throw InputException.at(pictures, "expected " + labels.length + " pictures of " + 3 * PLANE
                        + " bytes, as many as labels, found " + Files.size(pictures) + " bytes");
            }
        } catch (IOException e) {
            throw InputException.unreadable(pictures, e);
        }
        return new Stl10(pictures, labels, IntStream.range(0, labels.length).toArray(), names);
    }

    /**
     * One of the ten folds of the training pictures.
     *
     * @param fold from 0
     */
    public static Stl10 openFold(Path given, int fold) {
        Stl10 train = open(given, "train");
        Path file = train.pictures.resolveSibling("fold_indices.txt");
        List<ListLine> folds = ListLine.read(file);
        if (fold < 0 || fold >= folds.size()) {
            throw InputException.at(file, "expected a fold from 0 to " + (folds.size() - 1) + ", found " + fold);
        }
        ListLine line = folds.get(fold);
        int[] numbers = Arrays.stream(line.text().split("\\s+"))
                .mapToInt(field -> line.number(field, 0, train.labels.length - 1, "a picture")).toArray();
        return new Stl10(train.pictures, train.labels, numbers, train.classNames);
    }

    private static byte[] labels(Path file, int classes) {
        byte[] labels;
        try {
            labels = Files.readAllBytes(file);
        } catch (IOException e) {
            throw InputException.unreadable(file, e);
        }
        for (int i = 0; i < labels.length; i++) {
            int label = Byte.toUnsignedInt(labels[i]);
            if (label < 1 || label > classes) {
                throw InputException.at(file, "picture " + i + ": expected a class from 1 to " + classes
                        + ", found " + label);
            }
        }
        if (labels.length == 0) {
            throw InputException.at(file, "expected a label a picture, found an empty file");
        }
        return labels;
    }

    @Override
    public int size() {
        return numbers.length;
    }

    @Override
    public String name(int index) {
        return pictures.getFileName() + "#" + numbers[index];
    }

    @Override
    public int label(int index) {
        return labels[numbers[index]] - 1;
    }

    @Override
    public Path file(int index) {
        Objects.checkIndex(index, size());
        return pictures;
    }

    @Override
    public RgbImage image(int index) {
        int number = numbers[index];
        var stored = ByteBuffer.allocate(3 * PLANE);
        try (var channel = Files.newByteChannel(pictures)) {
            channel.position(3L * PLANE * number);
            while (stored.hasRemaining()) {
                if (channel.read(stored) < 0) {
                    throw new IOException("it became shorter");
                }
            }
        } catch (IOException e) {
            throw InputException.unreadable(pictures, e);
        }
        return rows(stored.array());
    }

    /** Columns of planes to rows of pixels. */
    private static RgbImage rows(byte[] stored) {
        var pixels = new byte[3 * PLANE];
        for (int channel = 0; channel < 3; channel++) {
            for (int x = 0; x < SIDE; x++) {
                for (int y = 0; y < SIDE; y++) {
                    pixels[3 * (y * SIDE + x) + channel] = stored[channel * PLANE + x * SIDE + y];
                }
            }
        }
        return new RgbImage(SIDE, SIDE, pixels);
    }

    @Override
    public List<String> classNames() {
        return classNames;
    }

    @Override
    public String description() {
        return "STL-10 " + InputException.name(pictures) + ", " + size() + " images of 96x96";
    }
}
