package org.diffusionclassifier.image;

/** Which way up {@link ImageDecoder} gives a picture. */
public enum Turning {

    /** The way up that its camera meant, as its EXIF data say. */
    UPRIGHT,

    /** The way up that it is stored, whatever its EXIF data say: so do Pillow's {@code open} and all built on it. */
    STORED;

    Orientation of(byte[] file) {
        return this == STORED ? Orientation.UPRIGHT : Orientation.of(file);
    }
}
