package org.diffusionclassifier.device;

/**
 * The device memory in which all activations live. One serves every graph of a device, since graphs run one after the
 * other; it grows to the largest of them and never shrinks.
 */
public interface Arena {

    /**
     * Makes room for {@code bytes}. What the arena held is lost if it has to move.
     *
     * @return its address
     * @throws DeviceException if there is not enough memory
     */
    long reserve(long bytes);
}
