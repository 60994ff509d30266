package org.diffusionclassifier.server;

import org.diffusionclassifier.image.ImageDecoder;
import org.diffusionclassifier.image.ImageSize;
import org.diffusionclassifier.server.http.HttpRefusal;

/**
 * A picture as it was sent. It stays in memory, and is decoded when a device is free for it.
 *
 * @param name  what answers call it: the last part of the name that the client gave, never a place on this machine
 * @param bytes of an image file; not copied
 */
record Upload(String name, byte[] bytes) {

    private static final int LONGEST_NAME = 200;

    /** @param given as the client has it; null or empty for none */
    static Upload of(String given, byte[] bytes) {
        String name = given == null ? "" : given.substring(1 + Math.max(given.lastIndexOf('/'), given.lastIndexOf('\\')))
                .replaceAll("\\p{Cntrl}", "").strip();
        return new Upload(name.isEmpty() ? "picture" : name.substring(0, Math.min(LONGEST_NAME, name.length())), bytes);
    }

    /**
     * Looks at the header alone.
     *
     * @throws HttpRefusal for more pixels
     * @throws org.diffusionclassifier.tensor.InputException if it is no image
     */
    void check(int maxPixels) {
        ImageSize size = ImageDecoder.size(bytes, name);
        if ((long) size.width() * size.height() > maxPixels) {
            throw new HttpRefusal(413, "%s: %s pixels, expected at most %d in all".formatted(name, size, maxPixels));
        }
    }
}
