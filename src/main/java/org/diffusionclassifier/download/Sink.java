package org.diffusionclassifier.download;

/** Where a content goes as it arrives. */
public interface Sink {

    /** Bytes that it has: where to go on. */
    long position();

    /** What it has is of no use; all comes again. */
    void restart();

    /** Takes the next {@code length} bytes. */
    void write(byte[] bytes, int length);
}
