package org.diffusionclassifier.image;

import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.io.IOException;
import java.nio.ByteOrder;
import java.util.Arrays;
import javax.imageio.IIOException;
import javax.imageio.stream.ImageInputStream;

/**
 * Where an animation's first frame lies on its canvas, which is the picture: a frame may be smaller. What no frame
 * covers is as Pillow has it.
 *
 * @param canvas   size of the picture
 * @param x        the frame's left edge
 * @param y        its upper edge
 * @param backdrop what the rest of the canvas is: an index into the frame's palette, or {@link #NOTHING}
 */
record Placement(ImageSize canvas, int x, int y, int backdrop) {

    /** Transparent black. */
    static final int NOTHING = -1;

    private static final int EXTENSION = 0x21;
    private static final int GRAPHIC_CONTROL = 0xF9;
    private static final int IMAGE = 0x2C;

    /**
     * A GIF's (GIF89a Specification, sections 18 to 23): the canvas is the logical screen, or larger if the frame does
     * not fit into that; the backdrop is the frame's transparent colour, or else its palette's first. The screen's
     * background colour counts for no decoder.
     *
     * @param file read from its first byte on
     */
    static Placement ofGif(ImageInputStream file) throws IOException {
        file.setByteOrder(ByteOrder.LITTLE_ENDIAN);
        file.seek(6);                                       // "GIF89a"
        int width = file.readUnsignedShort();
        int height = file.readUnsignedShort();
        int flags = file.readUnsignedByte();
        file.skipBytes(2);                                  // background colour, aspect ratio
        if ((flags & 0x80) != 0) {
            file.skipBytes(3 << (flags & 7) + 1);           // global palette
        }
        int backdrop = 0;
        for (int block = file.readUnsignedByte(); block != IMAGE; block = file.readUnsignedByte()) {
            if (block != EXTENSION) {
                throw new IIOException("expected a GIF's image, found block " + block);
            }
            boolean isControl = file.readUnsignedByte() == GRAPHIC_CONTROL;
            for (int length = file.readUnsignedByte(); length != 0; length = file.readUnsignedByte()) {
                var data = new byte[length];
                file.readFully(data);
                if (isControl && length >= 4 && (data[0] & 1) != 0) {
                    backdrop = data[3] & 0xFF;
                }
            }
        }
        int x = file.readUnsignedShort();
        int y = file.readUnsignedShort();
        int right = x + file.readUnsignedShort();
        int bottom = y + file.readUnsignedShort();
        return new Placement(new ImageSize(Math.max(width, right), Math.max(height, bottom)), x, y, backdrop);
    }

    /** The picture. */
    BufferedImage compose(BufferedImage frame) throws IOException {
        int width = frame.getWidth();
        int height = frame.getHeight();
        if (width == canvas.width() && height == canvas.height()) {
            return frame;
        }
        if (x + width > canvas.width() || y + height > canvas.height()) {
            throw new IIOException("a frame of %d×%d at (%d, %d) is not in its canvas of %s".formatted(
                    width, height, x, y, canvas));
        }
        var picture = new BufferedImage(canvas.width(), canvas.height(), BufferedImage.TYPE_INT_ARGB);
        var row = new int[canvas.width()];
        int behind = colour(frame);
        for (int line = 0; line < canvas.height(); line++) {
            Arrays.fill(row, behind);
            if (line >= y && line < y + height) {
                frame.getRGB(0, line - y, width, 1, row, x, width);
            }
            picture.setRGB(0, line, canvas.width(), 1, row, 0, canvas.width());
        }
        return picture;
    }

    private int colour(BufferedImage frame) {
        if (backdrop == NOTHING) {
            return 0;
        }
        if (frame.getColorModel() instanceof IndexColorModel palette && backdrop < palette.getMapSize()) {
            return palette.getRGB(backdrop);
        }
        return backdrop * 0x010101;                         // Pillow fills palettes up with greys
    }
}
