package org.diffusionclassifier.image;

import com.drew.imaging.ImageMetadataReader;
import com.drew.imaging.ImageProcessingException;
import com.drew.metadata.exif.ExifIFD0Directory;
import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import javax.imageio.IIOException;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import org.diffusionclassifier.tensor.InputException;

/**
 * Reads a picture of any common kind into 8-bit sRGB, the way up that its camera meant. The formats are those of the
 * JDK's ImageIO (PNG, GIF) and of the TwelveMonkeys plug-ins (JPEG with CMYK, WebP, BMP, TIFF); metadata-extractor
 * finds the EXIF orientation. Of an animation or a multi-page file the first frame counts.
 *
 * <p>Grey is copied to the three channels; deeper or shallower samples are scaled to 255 and rounded to nearest; what
 * is transparent lies on black. Other colour spaces than grey and sRGB (CMYK, an embedded ICC profile) are converted by
 * the decoder or by the JDK's colour management.
 */
public final class ImageDecoder {

    /** The kinds of images that can be read, for messages. */
    public static final String EXPECTED = "PNG, JPEG, WebP, GIF, BMP or TIFF";

    /** The names that the readers give themselves; ImageIO knows others (WBMP) that take nearly any file for theirs. */
    private static final Set<String> FORMATS = Set.of("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "BIGTIFF");

    /** Larger images are refused before anything is allocated for them. */
    private static final long MAX_PIXELS = 1L << 28;

    /** EXIF orientations from here on exchange rows and columns. */
    private static final int FIRST_TRANSPOSED = 5;

    private static final long MAX_BYTES = 1L << 30;

    /** Warnings after which a reader goes on with pixels of its own making. */
    private static final Pattern DATA_MISSING =
            Pattern.compile("truncated|premature end|out-of-sequence", Pattern.CASE_INSENSITIVE);

    private static final int RIFF = 'R' | 'I' << 8 | 'F' << 16 | 'F' << 24;

    static {
        ImageIO.setUseCache(false);    // no temporary files
    }

    private ImageDecoder() {
    }

    /**
     * Reads an image file.
     *
     * @param file in any file system
     * @throws InputException if there is no such file, or it holds no whole image in one of the formats
     */
    public static RgbImage read(Path file) {
        return read(bytes(file), file.toString());
    }

    /**
     * Looks at an image file's header alone, so that a wrong file can be refused long before its turn comes.
     *
     * @return the size of the image that {@link #read(Path)} decodes, if the rest of the file is whole
     * @throws InputException as {@link #read(Path)}, but for what only decoding finds
     */
    public static ImageSize size(Path file) {
        byte[] bytes = bytes(file);
        return withReader(bytes, file.toString(), (reader, input) -> {
            ImageSize stored = open(reader, input, bytes, file.toString());
            return orientation(bytes) < FIRST_TRANSPOSED ? stored : new ImageSize(stored.height(), stored.width());
        });
    }

    private static byte[] bytes(Path file) {
        if (!Files.exists(file)) {
            throw new InputException(file + ": no such file");
        }
        if (!Files.isRegularFile(file)) {
            throw new InputException("%s: is %s, expected an image file (%s)".formatted(
                    file, Files.isDirectory(file) ? "a directory" : "no regular file", EXPECTED));
        }
        try {
            if (Files.size(file) > MAX_BYTES) {
                throw new InputException("%s: %d bytes, expected an image file of at most %d".formatted(
                        file, Files.size(file), MAX_BYTES));
            }
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new InputException("%s: cannot be read: %s".formatted(file, e), e);
        }
    }

    /**
     * Reads an image that is in memory already.
     *
     * @param bytes a whole file
     * @param name  what error messages call it
     * @throws InputException if the bytes are no whole image in one of the formats
     */
    public static RgbImage read(byte[] bytes, String name) {
        return withReader(bytes, name, (reader, input) ->
                upright(rgb(decode(reader, input, bytes, name), name), orientation(bytes)));
    }

    /** What is made of an image by the reader of its format. */
    @FunctionalInterface
    private interface Use<T> {

        T of(ImageReader reader, ImageInputStream input) throws IOException;
    }

    private static <T> T withReader(byte[] bytes, String name, Use<T> use) {
        try (var input = ImageIO.createImageInputStream(new ByteArrayInputStream(bytes))) {
            var reader = readerFor(input);
            if (reader == null) {
                throw new InputException("%s: not an image (expected %s)".formatted(name, EXPECTED));
            }
            try {
                return use.of(reader, input);
            } finally {
                reader.dispose();
            }
        } catch (InputException e) {
            throw e;
        } catch (IOException | RuntimeException e) {    // the readers meet broken files with unchecked exceptions too
            throw new InputException("%s: broken image: %s".formatted(name, fault(e)), e);
        }
    }

    /** The first reader of one of our formats, null if none takes the bytes for its own. */
    private static ImageReader readerFor(ImageInputStream input) throws IOException {
        for (var readers = ImageIO.getImageReaders(input); readers.hasNext();) {
            var reader = readers.next();
            if (FORMATS.contains(reader.getFormatName().toUpperCase(Locale.ROOT))) {
                return reader;
            }
            reader.dispose();
        }
        return null;
    }

    /** Reads the header, and refuses an image too large and a file that says itself that it is cut short. */
    private static ImageSize open(ImageReader reader, ImageInputStream input, byte[] bytes, String name)
            throws IOException {
        boolean ignoreMetadata = true;
        reader.setInput(input, true, ignoreMetadata);
        long width = reader.getWidth(0);
        long height = reader.getHeight(0);
        if (width * height > MAX_PIXELS) {
            throw new InputException("%s: %d×%d pixels, expected at most %d in all".formatted(
                    name, width, height, MAX_PIXELS));
        }
        requireWholeRiff(bytes);
        return new ImageSize((int) width, (int) height);
    }

    private static BufferedImage decode(ImageReader reader, ImageInputStream input, byte[] bytes, String name)
            throws IOException {
        open(reader, input, bytes, name);
        var fatal = new ArrayList<String>();
        reader.addIIOReadWarningListener((source, warning) -> {
            if (DATA_MISSING.matcher(warning).find()) {
                fatal.add(warning);
            }
        });
        var image = reader.read(0);
        if (!fatal.isEmpty()) {
            throw new IIOException(fatal.get(0));
        }
        return image;
    }

    /** A WebP file is a RIFF chunk that says how long it is; of a shorter one the decoder would invent the rest. */
    private static void requireWholeRiff(byte[] bytes) throws EOFException {
        var header = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        if (bytes.length >= 8 && header.getInt(0) == RIFF
                && Integer.toUnsignedLong(header.getInt(4)) > bytes.length - 8) {
            throw new EOFException();
        }
    }

    /** One line on what a reader found. */
    private static String fault(Exception thrown) {
        for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
            if (cause instanceof EOFException) {
                return "the file ends early";
            }
        }
        if (thrown instanceof IOException && thrown.getMessage() != null) {
            return thrown.getMessage().replaceAll("\\s+", " ");
        }
        return "its data contradict each other (" + thrown.getClass().getSimpleName() + ")";
    }

    /**
     * Any kind of pixel to 8-bit RGB on black. Samples of grey and sRGB images are taken from the raster as they stand:
     * the JDK's own conversion takes grey for linear light and would brighten it.
     */
    private static RgbImage rgb(BufferedImage image, String name) {
        var space = image.getColorModel().getColorSpace();
        boolean palette = image.getColorModel() instanceof IndexColorModel;
        if (palette || !space.isCS_sRGB() && space.getType() != ColorSpace.TYPE_GRAY) {
            image = converted(image);
        }
        var model = image.getColorModel();
        var raster = image.getRaster();
        int bands = raster.getNumBands();
        int colours = model.getNumColorComponents();
        boolean transparent = model.hasAlpha() && !model.isAlphaPremultiplied();
        var full = new long[bands];
        for (int band = 0; band < bands; band++) {
            int bits = raster.getSampleModel().getSampleSize(band);
            if (bits > 16) {
                throw new InputException("%s: %d-bit samples, expected at most 16 bits".formatted(name, bits));
            }
            full[band] = (1L << bits) - 1;
        }
        var pixels = new byte[image.getWidth() * image.getHeight() * 3];
        int[] row = null;
        int at = 0;
        for (int y = 0; y < image.getHeight(); y++) {
            row = raster.getPixels(0, y, image.getWidth(), 1, row);
            for (int pixel = 0; pixel < row.length; pixel += bands) {
                for (int channel = 0; channel < 3; channel++) {
                    int band = colours == 1 ? 0 : channel;
                    long level = row[pixel + band];
                    long white = full[band];
                    if (transparent) {
                        level *= row[pixel + colours];
                        white *= full[colours];
                    }
                    pixels[at++] = (byte) (white == 255 ? level : (2 * 255 * level + white) / (2 * white));
                }
            }
        }
        return new RgbImage(image.getWidth(), image.getHeight(), pixels);
    }

    /** To 8-bit sRGB with alpha, through the palette or the colour space's own conversion. */
    private static BufferedImage converted(BufferedImage image) {
        var argb = new BufferedImage(image.getWidth(), image.getHeight(), BufferedImage.TYPE_INT_ARGB);
        int[] row = null;
        for (int y = 0; y < image.getHeight(); y++) {
            row = image.getRGB(0, y, image.getWidth(), 1, row, 0, image.getWidth());
            argb.setRGB(0, y, image.getWidth(), 1, row, 0, image.getWidth());
        }
        return argb;
    }

    /** The EXIF orientation, 1 (upright) to 8; 1 where there is none that can be read. */
    private static int orientation(byte[] bytes) {
        try {
            var exif = ImageMetadataReader.readMetadata(new ByteArrayInputStream(bytes), bytes.length)
                    .getFirstDirectoryOfType(ExifIFD0Directory.class);
            var orientation = exif == null ? null : exif.getInteger(ExifIFD0Directory.TAG_ORIENTATION);
            return orientation == null || orientation < 1 || orientation > 8 ? 1 : orientation;
        } catch (ImageProcessingException | IOException | RuntimeException e) {
            return 1;    // the pixels are good: broken metadata is no reason to refuse them
        }
    }

    /**
     * Undoes an EXIF orientation: the numbers say where the first row and the first column of the file are in the
     * picture (CIPA DC-008, tag 0x0112): 1 top left, 2 top right, 3 bottom right, 4 bottom left, 5 left top, 6 right
     * top, 7 right bottom, 8 left bottom.
     */
    private static RgbImage upright(RgbImage image, int orientation) {
        if (orientation == 1) {
            return image;
        }
        boolean transposed = orientation >= FIRST_TRANSPOSED;
        boolean mirrorX = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
        boolean mirrorY = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
        int width = transposed ? image.height() : image.width();
        int height = transposed ? image.width() : image.height();
        var pixels = new byte[image.pixels().length];
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                int column = transposed ? y : x;
                int row = transposed ? x : y;
                column = mirrorX ? image.width() - 1 - column : column;
                row = mirrorY ? image.height() - 1 - row : row;
                System.arraycopy(image.pixels(), (row * image.width() + column) * 3, pixels, (y * width + x) * 3, 3);
            }
        }
        return new RgbImage(width, height, pixels);
    }
}
