package org.diffusionclassifier.image;

import java.io.EOFException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.stream.Stream;
import org.diffusionclassifier.tensor.InputException;

/**
 * Reads a picture of any common {@linkplain ImageKind kind} into 8-bit sRGB, the way up that its camera meant. Of an
 * animation or a multi-page file the first frame counts, on the animation's canvas. {@link ImageFile} has the formats'
 * readers, {@link RgbaRows} the conversion of their pixels, {@link Orientation} the turning.
 *
 * <p>Grey is copied to the three channels; deeper or shallower samples are scaled to 255 and rounded to nearest. Other
 * colour spaces than grey and sRGB (CMYK, an embedded ICC profile) are converted by the decoder or by the JDK's colour
 * management. Of what is transparent the stored colour counts, as in Pillow's {@code convert("RGB")}, with which the
 * reference implementation reads every picture: {@link RgbImage#on} lays it on a colour of choice instead.
 */
public final class ImageDecoder {

    /** Larger images are refused before anything is allocated for them. */
    private static final long MAX_PIXELS = 1L << 28;

    /** Beyond that {@link #read(Path)} halves. The largest read whole takes 400 MB, as does the largest half. */
    static final long MAX_WHOLE = 1L << 26;

    /**
     * Pixels of a band that a picture is halved by, at 8 bytes at most a quarter of the heap. Readers decode what is
     * above a band again: the fewer bands, the faster.
     */
    private static final int BAND = (int) Math.min(MAX_PIXELS, Runtime.getRuntime().maxMemory() / 32);

    private static final long MAX_BYTES = 1L << 30;

    private ImageDecoder() {
    }

    /**
     * Reads an image file to be resized: one of more than 2²⁶ pixels in half its size, by the mean of two by two pixels
     * (Pillow's {@code Image.reduce(2)}), so that a photograph of 200 megapixels does not need gigabytes.
     *
     * @param file in any file system
     * @throws InputException if there is no such file, it holds no whole image in one of the formats, or the Java heap
     *                        is too small for it
     */
    public static RgbImage read(Path file) {
        return read(file, Turning.UPRIGHT);
    }

    /** Reads an image file as {@link #read(Path)} does, one way up or the other. */
    public static RgbImage read(Path file, Turning turning) {
        return read(bytes(file), InputException.name(file), turning);
    }

    /**
     * Reads an image file in its own size, whatever that is, where its coordinates count.
     *
     * @throws InputException as {@link #read(Path)}
     */
    public static RgbImage readWhole(Path file) {
        return readWhole(file, Turning.UPRIGHT);
    }

    /** Reads an image file as {@link #readWhole(Path)} does, one way up or the other. */
    public static RgbImage readWhole(Path file, Turning turning) {
        byte[] bytes = bytes(file);
        return turning.of(bytes).shown(decoded(bytes, InputException.name(file), MAX_PIXELS, BAND));
    }

    /**
     * Reads an image that is in memory already, as {@link #read(Path, Turning)} does.
     *
     * @param bytes a whole file
     * @param name  what error messages call it
     * @throws InputException if the bytes are no whole image in one of the formats
     */
    public static RgbImage read(byte[] bytes, String name, Turning turning) {
        return turning.of(bytes).shown(decoded(bytes, name, MAX_WHOLE, BAND));
    }

    /** Reads an image that is in memory already, as {@link #read(Path)} does. */
    public static RgbImage read(byte[] bytes, String name) {
        return read(bytes, name, Turning.UPRIGHT);
    }

    /** Reads an image that is in memory already, as {@link #readWhole(Path)} does. @param name as above */
    public static RgbImage readWhole(byte[] bytes, String name) {
        return Turning.UPRIGHT.of(bytes).shown(decoded(bytes, name, MAX_PIXELS, BAND));
    }

    /**
     * Looks at an image file's header alone, so that a wrong file can be refused long before its turn comes.
     *
     * @return the size of the image that {@link #readWhole} decodes, if the rest of the file is whole
     * @throws InputException as {@link #read(Path)}, but for what only decoding finds
     */
    public static ImageSize size(Path file) {
        return size(file, Turning.UPRIGHT);
    }

    /** The size as {@link #size(Path)} finds it, of the picture one way up or the other. */
    public static ImageSize size(Path file, Turning turning) {
        return size(bytes(file), InputException.name(file), turning);
    }

    /** The size as {@link #size(Path)} finds it, of an image that is in memory already. @param name as above */
    public static ImageSize size(byte[] bytes, String name) {
        return size(bytes, name, Turning.UPRIGHT);
    }

    private static ImageSize size(byte[] bytes, String name, Turning turning) {
        return withImage(bytes, name, image -> turning.of(bytes).shown(image.size()));
    }

    /**
     * @param maxWhole pixels beyond which it is halved
     * @param band     pixels decoded at once then
     */
    static RgbImage read(byte[] bytes, String name, long maxWhole, int band) {
        return Orientation.of(bytes).shown(decoded(bytes, name, maxWhole, band));
    }

    private static RgbImage decoded(byte[] bytes, String name, long maxWhole, int band) {
        return withImage(bytes, name, image -> {
            ImageSize size = image.size();
            boolean halved = pixels(size) > maxWhole;
            int rows = halved ? Math.max(1, band / size.width()) : size.height();
            try {
                var picture = new RgbAssembly(size, halved);
                for (int y = 0; y < size.height(); y += rows) {
                    picture.add(new RgbaRows(image.rows(y, Math.min(rows, size.height() - y)), name));
                }
                return picture.image();
            } catch (IOException | RuntimeException | OutOfMemoryError e) {
                if (!hasCause(e, OutOfMemoryError.class)) {         // which the JDK's PNG reader wraps
                    throw e;
                }
                throw tooLarge(name + ": " + size + " pixels", bytes.length + 8L * rows * size.width()
                        + 6 * pixels(size) / (halved ? 4 : 1));
            }
        });
    }

    private static byte[] bytes(Path file) {
        if (!Files.exists(file)) {
            throw InputException.at(file, "no such file");
        }
        if (!Files.isRegularFile(file)) {
            throw new InputException("%s: is %s, expected an image file (%s)".formatted(
                    file, Files.isDirectory(file) ? "a directory" : "no regular file", ImageKind.READABLE));
        }
        long size = 0;
        try {
            size = Files.size(file);
            if (size > MAX_BYTES) {
                throw new InputException("%s: %d bytes, expected an image file of at most %d".formatted(
                        file, size, MAX_BYTES));
            }
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new InputException("%s: cannot be read: %s".formatted(file, e), e);
        } catch (OutOfMemoryError e) {
            throw tooLarge("%s: %d bytes".formatted(file, size), size);
        }
    }

    /** What is made of an image whose header has been read. */
    @FunctionalInterface
    private interface Use<T> {

        T of(ImageFile image) throws IOException;
    }

    private static <T> T withImage(byte[] bytes, String name, Use<T> use) {
        try (var image = new ImageFile(bytes, name)) {
            ImageSize size = image.size();
            if (pixels(size) > MAX_PIXELS) {
                throw new InputException("%s: %s pixels, expected at most %d in all".formatted(
                        name, size.toString(), MAX_PIXELS));
            }
            return use.of(image);
        } catch (InputException e) {
            throw e;
        } catch (IOException | RuntimeException e) {    // the readers meet broken files with unchecked exceptions too
            throw new InputException("%s: broken image: %s".formatted(name, fault(e)), e);
        } catch (OutOfMemoryError e) {
            throw tooLarge("%s: %d bytes".formatted(name, bytes.length), bytes.length);
        }
    }

    private static long pixels(ImageSize size) {
        return (long) size.width() * size.height();
    }

    /** @param needed bytes of the heap, roughly */
    private static InputException tooLarge(String what, long needed) {
        long heap = Runtime.getRuntime().maxMemory();
        long gibibytes = 1 + (Math.max(needed, heap) + (needed >> 1) >> 30);
        return new InputException(("%s need up to %d MiB of memory to decode, found a Java heap of %d MiB: set the "
                + "environment variable JDK_JAVA_OPTIONS to -Xmx%dg, say").formatted(
                        what, needed >> 20, heap >> 20, gibibytes));
    }

    /** One line on what a reader found. */
    private static String fault(Exception thrown) {
        if (hasCause(thrown, EOFException.class)) {
            return "the file ends early";
        }
        if (thrown instanceof IOException && thrown.getMessage() != null) {
            return thrown.getMessage().replaceAll("\\s+", " ");
        }
        return "its data contradict each other (" + thrown.getClass().getSimpleName() + ")";
    }

    private static boolean hasCause(Throwable thrown, Class<? extends Throwable> kind) {
        return Stream.iterate(thrown, Objects::nonNull, Throwable::getCause).anyMatch(kind::isInstance);
    }
}
