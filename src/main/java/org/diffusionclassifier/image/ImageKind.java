package org.diffusionclassifier.image;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.regex.Pattern;
import org.diffusionclassifier.tensor.InputException;

/**
 * What a file is by its first bytes, whatever its name says: a picture that {@link ImageDecoder} reads, a picture of a
 * kind that it does not, or no picture. The signatures are those of the formats' own specifications.
 */
public enum ImageKind {

    PNG("PNG", true, "\\x89PNG\\r\\n\\x1a\\n"),
    JPEG("JPEG", true, "\\xff\\xd8\\xff"),
    WEBP("WebP", true, "RIFF.{4}WEBP"),
    GIF("GIF", true, "GIF8[79]a"),
    /** Two letters alone would take many a text for one: the size of the header behind them belongs to it. */
    BMP("BMP", true, "BM.{12}[\\x0c\\x28\\x34\\x38\\x40\\x6c\\x7c]\\x00{3}"),
    TIFF("TIFF", true, "II[\\x2a\\x2b]\\x00|MM\\x00[\\x2a\\x2b]"),
    /** Netpbm's: PBM, PGM, PPM, each as text or binary, and PAM. */
    PNM("PNM", true, "P[1-7]\\s"),

    AVIF("AVIF", false, ".{4}ftypavi[fs]"),
    /** HEIC and its relatives. */
    HEIF("HEIC", false, ".{4}ftyp(he[iv][cmsx]|mif1|msf1)"),
    JPEG_2000("JPEG 2000", false, "\\x00{3}\\x0cjP  \\r\\n\\x87\\n|\\xff\\x4f\\xff\\x51"),
    JPEG_XL("JPEG XL", false, "\\x00{3}\\x0cJXL \\r\\n\\x87\\n|\\xff\\x0a"),
    SVG("SVG", false, "(\\xef\\xbb\\xbf)?\\s*(<[?!][^<]*)*<svg\\b"),
    ICO("ICO", false, "\\x00\\x00[\\x01\\x02]\\x00[^\\x00]\\x00"),
    PSD("Photoshop", false, "8BPS"),
    EXR("OpenEXR", false, "\\x76\\x2f\\x31\\x01"),
    HDR("Radiance HDR", false, "#\\?R(ADIANCE|GBE)"),
    PFM("PFM", false, "P[Ff]\\s"),
    DDS("DDS", false, "DDS "),
    QOI("QOI", false, "qoif"),

    NONE("no picture", false, "(?!)");

    /** For messages and help. */
    public static final String READABLE = "PNG, JPEG, WebP, GIF, BMP, TIFF or PNM";

    /** An SVG may begin with a declaration; the others say what they are in the first 18 bytes. */
    private static final int LONGEST = 256;

    private final String label;
    private final boolean readable;
    private final Pattern signature;

    ImageKind(String label, boolean readable, String signature) {
        this.label = label;
        this.readable = readable;
        this.signature = Pattern.compile(signature, Pattern.DOTALL);
    }

    /**
     * Looks at a file's first bytes.
     *
     * @return {@link #NONE} also for an empty file
     * @throws InputException if the file cannot be read
     */
    public static ImageKind of(Path file) {
        try (var bytes = Files.newInputStream(file)) {
            return of(bytes.readNBytes(LONGEST));
        } catch (IOException e) {
            throw InputException.unreadable(file, e);
        }
    }

    /** @param bytes of a file from its first one on */
    static ImageKind of(byte[] bytes) {
        var start = new String(bytes, 0, Math.min(bytes.length, LONGEST), StandardCharsets.ISO_8859_1);
        return Arrays.stream(values()).filter(kind -> kind.signature.matcher(start).lookingAt()).findFirst()
                .orElse(NONE);
    }

    /** Whether {@link ImageDecoder} reads it. */
    public boolean readable() {
        return readable;
    }

    /** Its name for people. */
    public String label() {
        return label;
    }
}
