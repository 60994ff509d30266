package org.diffusionclassifier.dataset;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.tensor.InputException;

/**
 * Grey images in the IDX files of MNIST, Fashion-MNIST and their kin, gzipped or not (format:
 * <a href="http://yann.lecun.com/exdb/mnist/">yann.lecun.com/exdb/mnist</a>): a big-endian magic 0x0000, the type 0x08
 * of unsigned bytes, the number of dimensions; each dimension in 4 bytes; the elements. Held in memory as stored and
 * made RGB by repeating the grey.
 */
final class IdxDataset implements Dataset {

    private static final int UNSIGNED_BYTES = 0x0800; // the magic, less its number of dimensions

    private static final int MAX_ELEMENTS = Integer.MAX_VALUE / 3; // so that an image fits in an array as RGB too

    private final Path file; // of the images
    private final String name; // of an example: less its index
    private final int height;
    private final int width;
    private final byte[] pixels; // [N,H,W]
    private final byte[] labels; // [N]
    private final String description;

    private IdxDataset(Path file, Idx images, Idx labels) {
        this.file = file;
        name = withoutGz(file).replace("-idx3-ubyte", "").replace(".idx3-ubyte", "");
        height = images.dimensions[1];
        width = images.dimensions[2];
        pixels = images.elements;
        this.labels = labels.elements;
        description = "idx " + file + ", " + size() + " images of " + height + "x" + width;
    }

    /**
     * @param path a directory with {@code train-images-idx3-ubyte}, {@code train-labels-idx1-ubyte},
     *             {@code t10k-images-idx3-ubyte}, {@code t10k-labels-idx1-ubyte}, or those of the split alone, each
     *             also with {@code .gz} and with a dot before idx; or a file of images, whose labels stand beside it
     *             under its name with labels for images and idx1 for idx3
     */
    static IdxDataset open(Path path, String split) {
        if (Files.notExists(path)) {
            throw InputException.at(path, "no such file or directory");
        }
        var images = Files.isDirectory(path)
                ? stored(path.resolve((Datasets.isTrain(split) ? "train" : "t10k") + "-images-idx3-ubyte"))
                : path;
        var imagesName = withoutGz(images);
        var labelsName = imagesName.replace("images", "labels").replace("idx3", "idx1");
        if (labelsName.equals(imagesName)) {
            throw InputException.at(images, "expected a name with \"images\", to find the labels beside it");
        }
        var labels = stored(images.resolveSibling(labelsName));

        var pixels = Idx.read(images, 3);
        var classes = Idx.read(labels, 1);
        if (pixels.dimensions[0] != classes.dimensions[0]) {
            throw InputException.at(labels, classes.dimensions[0] + " labels for the "
                    + pixels.dimensions[0] + " images of " + images.getFileName());
        }
        return new IdxDataset(images, pixels, classes);
    }

    @Override
    public int size() {
        return labels.length;
    }

    @Override
    public String name(int index) {
        return name + "#" + index;
    }

    @Override
    public int label(int index) {
        return Byte.toUnsignedInt(labels[index]);
    }

    @Override
    public Path file(int index) {
        return file;
    }

    @Override
    public RgbImage image(int index) {
        Objects.checkIndex(index, size());
        var rgb = new byte[height * width * 3];
        for (int i = 0, grey = index * height * width; i < rgb.length; i += 3, grey++) {
            Arrays.fill(rgb, i, i + 3, pixels[grey]);
        }
        return new RgbImage(width, height, rgb);
    }

    @Override
    public List<String> classNames() {
        return List.of();
    }

    @Override
    public String description() {
        return description;
    }

    /** The file itself, or as it is there: gzipped, or with {@code .idx} for {@code -idx} as some unpackers name it. */
    private static Path stored(Path file) {
        var name = file.getFileName().toString();
        var other = name.contains("-idx") ? name.replace("-idx", ".idx") : name.replace(".idx", "-idx");
        return Stream.of(name, name + ".gz", other, other + ".gz").map(file::resolveSibling).filter(Files::exists)
                .findFirst().orElse(file);
    }

    private static String withoutGz(Path file) {
        var name = file.getFileName().toString();
        return isGz(file) ? name.substring(0, name.length() - 3) : name;
    }

    private static boolean isGz(Path file) {
        return file.toString().endsWith(".gz");
    }

    /** One file: {@code elements.length} is the product of {@code dimensions}, none of which is 0. */
    private record Idx(int[] dimensions, byte[] elements) {

        static Idx read(Path file, int rank) {
            try (var stored = Files.newInputStream(file);
                    var in = new DataInputStream(isGz(file) ? new GZIPInputStream(stored, 1 << 16) : stored)) {
                int magic = in.readInt();
                if (magic != (UNSIGNED_BYTES | rank)) {
                    throw new InputException(("%s: not an IDX file of unsigned bytes in %s dimensions, expected the"
                            + " magic %08x, found %08x").formatted(file, rank, UNSIGNED_BYTES | rank, magic));
                }
                var dimensions = new int[rank];
                long count = 1;
                for (int i = 0; i < rank; i++) {
                    dimensions[i] = in.readInt();
                    if (dimensions[i] < 1 || (count *= dimensions[i]) > MAX_ELEMENTS) {
                        throw InputException.at(file, "declares the size "
                                + Arrays.toString(Arrays.copyOf(dimensions, i + 1))
                                + ", expected dimensions from 1 and at most " + MAX_ELEMENTS + " elements");
                    }
                }
                // Grows as bytes come, so that a header's lie costs no memory.
                var elements = in.readNBytes((int) count);
                if (elements.length < count || in.read() >= 0) {
                    throw InputException.at(file, "expected " + count + " elements for the size "
                            + Arrays.toString(dimensions) + ", found "
                            + (elements.length < count ? elements.length + " (truncated)" : "more"));
                }
                return new Idx(dimensions, elements);
            } catch (EOFException e) {
                throw InputException.at(file, "truncated", e);
            } catch (IOException e) {
                throw InputException.unreadable(file, e);
            }
        }
    }
}
