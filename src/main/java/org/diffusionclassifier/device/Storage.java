package org.diffusionclassifier.device;

/**
 * A stretch of device memory that tensors are views of. An activation's storage has no address until its graph is
 * planned, and may get another one when the arena grows; a persistent one has its address for life.
 */
public final class Storage {

    private final long bytes;
    private final boolean persistent;
    private long address;

    private Storage(long bytes, boolean persistent, long address) {
        this.bytes = bytes;
        this.persistent = persistent;
        this.address = address;
    }

    /** Memory that the caller owns, at an address of the device. */
    public static Storage persistent(long address, long bytes) {
        return new Storage(bytes, true, address);
    }

    /** Memory inside a graph's arena, placed when the graph is planned. */
    public static Storage planned(long bytes) {
        return new Storage(bytes, false, 0);
    }

    public long bytes() {
        return bytes;
    }

    public boolean isPersistent() {
        return persistent;
    }

    /** Address in the device's memory. */
    public long address() {
        if (address == 0) {
            throw new IllegalStateException("an activation has no memory before its graph is planned");
        }
        return address;
    }

    /** Gives it another address, which operations on it learn when they are bound; for plans, and for measuring. */
    public void place(long newAddress) {
        address = newAddress;
    }
}
