package org.diffusionclassifier.image;

import com.twelvemonkeys.imageio.stream.ByteArrayImageInputStream;
import java.awt.Rectangle;
import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.ComponentColorModel;
import java.io.IOException;
import java.lang.ref.Reference;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import javax.imageio.IIOException;
import javax.imageio.ImageIO;
import javax.imageio.ImageReadParam;
import javax.imageio.ImageReader;
import javax.imageio.metadata.IIOMetadataFormatImpl;
import javax.imageio.metadata.IIOMetadataNode;
import javax.imageio.stream.ImageInputStream;
import org.diffusionclassifier.tensor.InputException;
import org.w3c.dom.Element;

/**
 * An image file with the reader of its kind: its size, and its rows as that reader decodes them. The readers are those
 * of the JDK's ImageIO (PNG, GIF), of the TwelveMonkeys plug-ins (JPEG, BMP, TIFF, PNM), and {@linkplain WebpFile
 * libwebp}.
 */
final class ImageFile implements AutoCloseable {

    /** The names that the readers give themselves; ImageIO knows others (WBMP) that take nearly any file for theirs. */
    private static final Set<String> FORMATS = Set.of("PNG", "JPEG", "GIF", "BMP", "TIFF", "BIGTIFF", "PNM", "PAM");

    /** Warnings after which a reader goes on with pixels of its own making. */
    private static final Pattern DATA_MISSING =
            Pattern.compile("truncated|premature end|out-of-sequence", Pattern.CASE_INSENSITIVE);

    static {
        ImageIO.setUseCache(false);    // no temporary files, by readers or by what writes reports
    }

    private final ImageKind kind;
    private final ImageInputStream input;
    private final ImageReader reader;
    private final Placement placement;
    private final ImageSize size;
    private final List<String> missing = new ArrayList<>();
    private BufferedImage composed;

    /**
     * Reads the header.
     *
     * @param name what messages call the file
     * @throws InputException if it is no image, or one of a kind that cannot be read
     * @throws IOException    for a broken header
     */
    ImageFile(byte[] bytes, String name) throws IOException {
        kind = ImageKind.of(bytes);
        if (!kind.readable()) {
            String found = kind == ImageKind.NONE ? "not an image (expected %s)"
                    : "an image of the kind " + kind.label()
                            + ", which cannot be read here (expected %s): convert it to PNG";
            throw new InputException(name + ": " + found.formatted(ImageKind.READABLE));
        }
        WebpFile webp = kind == ImageKind.WEBP ? WebpFile.of(bytes) : null;
        input = new ByteArrayImageInputStream(webp == null ? bytes : webp.still());
        placement = webp != null ? webp.placement() : kind == ImageKind.GIF ? Placement.ofGif(input) : null;
        input.seek(0);
        reader = webp != null ? WebpFile.reader() : reader(name);
        boolean ignoreMetadata = true;
        reader.setInput(input, true, ignoreMetadata);
        reader.addIIOReadWarningListener((source, warning) -> {
            if (DATA_MISSING.matcher(warning).find()) {
                missing.add(warning);
            }
        });
        size = placement != null ? placement.canvas() : new ImageSize(reader.getWidth(0), reader.getHeight(0));
    }

    private ImageReader reader(String name) throws IOException {
        for (Iterator<ImageReader> readers = ImageIO.getImageReaders(input); readers.hasNext();) {
            ImageReader found = readers.next();
            if (FORMATS.contains(found.getFormatName().toUpperCase(Locale.ROOT))) {
                return found;
            }
            found.dispose();
        }
        throw new InputException("%s: broken image: no reader takes its header".formatted(name));
    }

    /** As it is stored, before its orientation is undone. */
    ImageSize size() {
        return size;
    }

    /**
     * Decodes some of the rows. Many a reader decodes all that are above them, too: better few calls than many. An
     * animation and a WebP are decoded as a whole, once.
     *
     * @throws IOException if the file is broken or cut short
     */
    BufferedImage rows(int first, int count) throws IOException {
        boolean whole = count == size.height();
        ImageReadParam param = reader.getDefaultReadParam();
        if (placement == null && !whole && kind != ImageKind.WEBP) {
            param.setSourceRegion(new Rectangle(0, first, size.width(), count));
            return decoded(param);
        }
        if (composed == null) {
            BufferedImage frame = decoded(param);
            composed = placement == null ? frame : placement.compose(frame);
        }
        return whole ? composed : composed.getSubimage(0, first, size.width(), count);
    }

    private BufferedImage decoded(ImageReadParam param) throws IOException {
        BufferedImage image = reader.read(0, param);
        Reference.reachabilityFence(param);    // libwebp's reader lets it go while its native side still reads from it
        if (!missing.isEmpty()) {
            throw new IIOException(missing.get(0));
        }
        return isPremultiplied(image) ? premultiplied(image) : image;
    }

    /** Whether a TIFF's alpha is associated, which its reader says in the metadata, but not of what it decodes. */
    private boolean isPremultiplied(BufferedImage image) throws IOException {
        if (kind != ImageKind.TIFF || !image.getColorModel().hasAlpha() || image.isAlphaPremultiplied()) {
            return false;
        }
        var metadata = (IIOMetadataNode) reader.getImageMetadata(0)
                .getAsTree(IIOMetadataFormatImpl.standardMetadataFormatName);
        return metadata.getElementsByTagName("Alpha").item(0) instanceof Element alpha
                && alpha.getAttribute("value").equals("premultiplied");
    }

    private static BufferedImage premultiplied(BufferedImage image) {
        ColorModel model = image.getColorModel();
        return new BufferedImage(new ComponentColorModel(model.getColorSpace(), model.getComponentSize(), true, true,
                model.getTransparency(), model.getTransferType()), image.getRaster(), true, null);
    }

    @Override
    public void close() throws IOException {
        reader.dispose();
        input.close();
    }
}
