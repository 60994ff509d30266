package org.diffusionclassifier.image;

import com.drew.imaging.ImageMetadataReader;
import com.drew.imaging.ImageProcessingException;
import com.drew.metadata.exif.ExifIFD0Directory;
import java.io.ByteArrayInputStream;
import java.io.IOException;

/**
 * Which way up a camera held its sensor, as metadata-extractor finds it in a file's EXIF data. The numbers say where
 * the first row and the first column of the file are in the picture (CIPA DC-008, tag 0x0112): 1 top left, 2 top right,
 * 3 bottom right, 4 bottom left, 5 left top, 6 right top, 7 right bottom, 8 left bottom.
 *
 * @param number from 1, upright, to 8
 */
record Orientation(int number) {

    static final Orientation UPRIGHT = new Orientation(1);

    /** That of an image file; upright where there is none that can be read. */
    static Orientation of(byte[] file) {
        try {
            var exif = ImageMetadataReader.readMetadata(new ByteArrayInputStream(file), file.length)
                    .getFirstDirectoryOfType(ExifIFD0Directory.class);
            var found = exif == null ? null : exif.getInteger(ExifIFD0Directory.TAG_ORIENTATION);
            return found == null || found < 1 || found > 8 ? UPRIGHT : new Orientation(found);
        } catch (ImageProcessingException | IOException | RuntimeException e) {
            return UPRIGHT;    // the pixels are good: broken metadata is no reason to refuse them
        }
    }

    /** The size of the picture that a file of that size shows. */
    ImageSize shown(ImageSize stored) {
        return isTransposed() ? new ImageSize(stored.height(), stored.width()) : stored;
    }

    /** The picture that a file shows; the file's own pixels if they are upright. */
    RgbImage shown(RgbImage stored) {
        if (number == 1) {
            return stored;
        }
        ImageSize size = shown(stored.size());
        return new RgbImage(size.width(), size.height(), turned(stored.pixels(), 3, size),
                stored.alpha() == null ? null : turned(stored.alpha(), 1, size));
    }

    private boolean isTransposed() {
        return number >= 5;
    }

    /** @param bytes of a pixel */
    private byte[] turned(byte[] stored, int bytes, ImageSize size) {
        boolean mirrorX = number == 2 || number == 3 || number == 7 || number == 8;
        boolean mirrorY = number == 3 || number == 4 || number == 6 || number == 7;
        int columns = isTransposed() ? size.height() : size.width();
        int rows = isTransposed() ? size.width() : size.height();
        var turned = new byte[stored.length];
        for (int y = 0; y < size.height(); y++) {
            for (int x = 0; x < size.width(); x++) {
                int column = isTransposed() ? y : x;
                int row = isTransposed() ? x : y;
                column = mirrorX ? columns - 1 - column : column;
                row = mirrorY ? rows - 1 - row : row;
                System.arraycopy(stored, (row * columns + column) * bytes,
                        turned, (y * size.width() + x) * bytes, bytes);
            }
        }
        return turned;
    }
}
