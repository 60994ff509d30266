package org.diffusionclassifier.image;

import com.luciad.imageio.webp.WebPImageReaderSpi;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.IIOException;
import javax.imageio.ImageReader;
import org.diffusionclassifier.platform.TemporaryFolder;

/**
 * A WebP file (RFC 9649) and what reads it: libwebp itself, in the natives of webp-imageio, so that a lossy picture has
 * the pixels that every other program shows. TwelveMonkeys' reader takes its place where there is no native for the
 * platform. That one does not interpolate chroma as libwebp does: pixels at coloured edges are then many levels off.
 *
 * @param still     the file itself; of an animation, its first frame as a file of its own
 * @param placement of that frame on the animation's canvas; null for a still picture
 */
record WebpFile(byte[] still, Placement placement) {

    private static final int VP8X = fourCc("VP8X");
    private static final int ANMF = fourCc("ANMF");
    private static final int ALPH = fourCc("ALPH");

    /** Of a VP8X chunk's flags. */
    private static final int ANIMATED = 0x02;
    private static final int ALPHA = 0x10;

    /** Bytes of "RIFF", the size of what follows, "WEBP". */
    private static final int HEADER = 12;

    /** Bytes of a chunk's name and size, of a VP8X chunk's content, and of a frame's before its picture. */
    private static final int CHUNK = 8;
    private static final int EXTENDED = 10;
    private static final int FRAME = 16;

    private static final boolean NATIVE = hasNative();

    /** @throws IOException for a file shorter than it says itself, of which a decoder would invent the rest */
    static WebpFile of(byte[] file) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        if (file.length < HEADER + CHUNK || Integer.toUnsignedLong(bytes.getInt(4)) > file.length - 8) {
            throw new EOFException();
        }
        boolean isAnimated = file.length >= HEADER + CHUNK + EXTENDED && bytes.getInt(HEADER) == VP8X
                && (bytes.get(HEADER + CHUNK) & ANIMATED) != 0;
        return isAnimated ? firstFrame(bytes) : new WebpFile(file, null);
    }

    private static WebpFile firstFrame(ByteBuffer bytes) throws IOException {
        var canvas = new ImageSize(1 + int24(bytes, HEADER + CHUNK + 4), 1 + int24(bytes, HEADER + CHUNK + 7));
        long next;
        for (long at = HEADER; at + CHUNK <= bytes.limit(); at = next) {
            int chunk = (int) at;
            long size = Integer.toUnsignedLong(bytes.getInt(chunk + 4));
            next = at + CHUNK + size + (size & 1);          // chunks begin at even places
            if (bytes.getInt(chunk) == ANMF) {
                if (size < FRAME + CHUNK || at + CHUNK + size > bytes.limit()) {
                    throw new EOFException();
                }
                int content = chunk + CHUNK;
                var frame = new ImageSize(1 + int24(bytes, content + 6), 1 + int24(bytes, content + 9));
                byte[] still = file(frame, bytes.slice(content + FRAME, (int) size - FRAME));
                int x = 2 * int24(bytes, content);
                int y = 2 * int24(bytes, content + 3);
                return new WebpFile(still, new Placement(canvas, x, y, Placement.NOTHING));
            }
        }
        throw new IIOException("an animation without a frame");
    }

    /** A frame's chunks as a still picture's: those with alpha need a header that says so. */
    private static byte[] file(ImageSize size, ByteBuffer chunks) {
        int length = chunks.remaining();
        boolean alpha = chunks.order(ByteOrder.LITTLE_ENDIAN).getInt(0) == ALPH;
        int extended = alpha ? CHUNK + EXTENDED : 0;
        ByteBuffer file = ByteBuffer.allocate(HEADER + extended + length).order(ByteOrder.LITTLE_ENDIAN)
                .putInt(fourCc("RIFF")).putInt(4 + extended + length).putInt(fourCc("WEBP"));
        if (alpha) {
            file.putInt(VP8X).putInt(EXTENDED).putInt(ALPHA);
            putInt24(file, size.width() - 1);
            putInt24(file, size.height() - 1);
        }
        return file.put(chunks).array();
    }

    /** A reader for {@link #still}. */
    static ImageReader reader() throws IOException {
        return (NATIVE ? new WebPImageReaderSpi() : new com.twelvemonkeys.imageio.plugins.webp.WebPImageReaderSpi())
                .createReaderInstance(null);
    }

    /**
     * Loads libwebp. Before it unpacks itself it looks for what it left behind in the whole of the directory that it
     * unpacks to: it gets one of its own.
     */
    private static boolean hasNative() {
        try {
            Path directory = Files.createTempDirectory(TemporaryFolder.path(), "diffusion-classifier-webp");
            directory.toFile().deleteOnExit();
            System.setProperty("com.luciad.imageio.webp.tmpdir", directory.toString());
            new WebPImageReaderSpi().createReaderInstance(null).getDefaultReadParam();
            return true;
        } catch (IOException | LinkageError e) {
            return false;
        }
    }

    private static int fourCc(String name) {
        return ByteBuffer.wrap(name.getBytes(StandardCharsets.US_ASCII)).order(ByteOrder.LITTLE_ENDIAN).getInt();
    }

    private static int int24(ByteBuffer bytes, int at) {
        return bytes.getShort(at) & 0xFFFF | (bytes.get(at + 2) & 0xFF) << 16;
    }

    private static void putInt24(ByteBuffer bytes, int value) {
        bytes.putShort((short) value).put((byte) (value >> 16));
    }
}
