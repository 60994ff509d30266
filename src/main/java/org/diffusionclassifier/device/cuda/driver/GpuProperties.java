package org.diffusionclassifier.device.cuda.driver;

/**
 * What the choice of kernels and of their launches depends on: nothing else of a card decides any.
 *
 * @param computeCapability      major · 10 + minor: 80 for sm_80
 * @param multiprocessors        of the card
 * @param sharedBytes            of a multiprocessor, of which each resident block takes its own and 1 KiB more
 * @param sharedBytesOfBlock     that a block can have, static and dynamic together
 */
public record GpuProperties(int computeCapability, int multiprocessors, int sharedBytes, int sharedBytesOfBlock) {
}
