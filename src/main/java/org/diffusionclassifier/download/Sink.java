package org.diffusionclassifier.download;

/** Where a content goes as it arrives. */
public interface Sink {

    /** Bytes that it has: where to go on. */
    long position();

    /** What it has is of no use; all comes again. */
    void restart();

    /** Where the next bytes are to be put; the same array until they are taken. */
    byte[] chunk() throws InterruptedException;

    /** Takes the first {@code length} bytes of {@link #chunk}. */
    void take(int length);
}
