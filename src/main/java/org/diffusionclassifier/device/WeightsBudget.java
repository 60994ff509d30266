package org.diffusionclassifier.device;

import java.util.Locale;

/**
 * How many bytes of matrices and filters a device keeps in its memory. Layers ask for room as they are made; those that
 * get none read their weights anew in every run, into memory that activations share, and compute the same bits. Vectors
 * (biases, the gains of norms: a thousandth of a model) are not counted, nor are tables that rows are looked up in: those
 * of a text encoder, which is there only while captions are encoded, and of a transformer's labels and places, 3 MiB.
 */
public final class WeightsBudget {

    /**
     * Bytes of room that an element of a streamed layer takes at the most while it arrives: float32 as it was read and
     * float32 as it is used, or float16 twice where one layer is computed with while the next is under way.
     */
    private static final int ROOM_AN_ELEMENT = 8;

    private final long limit;
    private long kept;
    private long streamed;

    private WeightsBudget(long limit) {
        this.limit = limit;
    }

    /** Keeps everything. */
    public static WeightsBudget unlimited() {
        return new WeightsBudget(Long.MAX_VALUE);
    }

    /** @param limit bytes to be kept, beside the {@link #room} through which the others pass */
    public static WeightsBudget of(long limit) {
        return new WeightsBudget(limit);
    }

    /** Bytes through which layers of at most so many elements can be streamed. */
    public static long room(long largestElements) {
        return largestElements * ROOM_AN_ELEMENT;
    }

    public boolean isUnlimited() {
        return limit == Long.MAX_VALUE;
    }

    /** Whether these bytes may be kept; if so they count until {@link #release}, otherwise as streamed. */
    public boolean keep(long bytes) {
        if (bytes > limit - kept) {
            streamed += bytes;
            return false;
        }
        kept += bytes;
        return true;
    }

    /** Gives back the room of what was kept. */
    public void release(long bytes) {
        kept -= bytes;
    }

    /** Forgets a layer that was streamed. */
    public void forget(long bytes) {
        streamed -= bytes;
    }

    /** Bytes of the layers there are that stay in memory. */
    public long kept() {
        return kept;
    }

    /** Bytes of the layers there are that are read whenever they are used. */
    public long streamed() {
        return streamed;
    }

    /** For a person: how much is kept, and how much a run of all layers reads. */
    @Override
    public String toString() {
        return String.format(Locale.ROOT, "%d MiB of weights kept, %d MiB streamed", kept >> 20, streamed >> 20);
    }
}
