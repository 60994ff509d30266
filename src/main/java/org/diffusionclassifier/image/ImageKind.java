package org.diffusionclassifier.image;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;

/**
 * Kinds of image files by their first bytes, those that {@link ImageDecoder} reads and others that a folder of pictures
 * may hold. Signatures as in the formats' specifications: PNG, JPEG (T.81), GIF89a, BITMAPFILEHEADER, TIFF 6.0, RIFF,
 * JPEG 2000 (T.800 annex I), JPEG XL (ISO 18181-2), HEIF and AVIF (the brand in the box ftyp, ISO 14496-12), Netpbm.
 */
public enum ImageKind {

    PNG("PNG", true),
    JPEG("JPEG", true),
    GIF("GIF", true),
    BMP("BMP", true),
    TIFF("TIFF", true),
    WEBP("WebP", true),
    JPEG_2000("JPEG 2000", false),
    JPEG_XL("JPEG XL", false),
    AVIF("AVIF", false),
    HEIF("HEIF", false),
    NETPBM("Netpbm", false);

    private static final int HEAD = 18;

    /** Sizes of the header that follows a BMP file's own, one for each version of the format. */
    private static final Set<Integer> BMP_HEADERS = Set.of(12, 16, 40, 52, 56, 64, 108, 124);

    private final String title;
    private final boolean read;

    ImageKind(String title, boolean read) {
        this.title = title;
        this.read = read;
    }

    /**
     * Looks at a file's first bytes.
     *
     * @return null if it is no image of these kinds
     */
    public static ImageKind of(Path file) throws IOException {
        try (var in = Files.newInputStream(file)) {
            return of(in.readNBytes(HEAD));
        }
    }

    /** Whether a file begins as one that {@link ImageDecoder} reads. The rest of it may be broken. */
    public static boolean isImage(Path file) throws IOException {
        ImageKind kind = of(file);
        return kind != null && kind.read;
    }

    private static ImageKind of(byte[] head) {
        var text = new String(head, StandardCharsets.ISO_8859_1);
        if (text.startsWith("\u0089PNG\r\n\u001a\n")) {
            return PNG;
        }
        if (text.startsWith("\u00ff\u00d8\u00ff")) {
            return JPEG;
        }
        if (text.startsWith("GIF87a") || text.startsWith("GIF89a")) {
            return GIF;
        }
        boolean bitmap = head.length == HEAD && BMP_HEADERS.contains((int) head[14]) && head[15] == 0;
        if (text.startsWith("BM") && bitmap) {
            return BMP;
        }
        if (text.matches("(?s)(II[*+]\0|MM\0[*+]).*")) {
            return TIFF;
        }
        if (text.startsWith("RIFF") && text.startsWith("WEBP", 8)) {
            return WEBP;
        }
        if (text.startsWith("\0\0\0\fjP  \r\n\u0087\n") || text.startsWith("\u00ff\u004f\u00ff\u0051")) {
            return JPEG_2000;
        }
        if (text.startsWith("\0\0\0\fJXL \r\n\u0087\n") || text.startsWith("\u00ff\n")) {
            return JPEG_XL;
        }
        if (text.startsWith("ftyp", 4)) {
            return ofBrand(text.substring(8));
        }
        return text.matches("(?s)P[1-7]\\s.*") ? NETPBM : null;
    }

    private static ImageKind ofBrand(String brand) {
        if (brand.matches("(?s)avi[fs].*")) {
            return AVIF;
        }
        return brand.matches("(?s)(hei|hev|mif1|msf1).*") ? HEIF : null;
    }

    /** As people write it: {@code JPEG 2000}. */
    @Override
    public String toString() {
        return title;
    }
}
