package org.diffusionclassifier.device.cuda.study;

import java.util.Arrays;
import java.util.Comparator;
import java.util.Optional;
import org.diffusionclassifier.device.cuda.driver.CompiledKernel;

/**
 * Graphics cards by their datasheets: what bounds a kernel there, and how many of its blocks a multiprocessor holds.
 *
 * <p>Rates are of dense fp16 tensor products with float32 sums and of memory. Sources: NVIDIA A100 Tensor Core GPU
 * datasheet (SXM, 40 GB); NVIDIA H100 Tensor Core GPU datasheet (SXM; half of the figure with sparsity); NVIDIA Ada GPU
 * Architecture whitepaper, appendix A (RTX 4090); NVIDIA Ampere GA102 GPU Architecture whitepaper, appendix A
 * (RTX 3090). Limits of a multiprocessor: CUDA C++ Programming Guide, "Technical Specifications per Compute Capability".
 * Clocks are those at which the rates of products hold: rate / (multiprocessors · products of one a clock).
 *
 * <p>Two more bounds follow from the clock. Of 2ˣ a multiprocessor computes 16 a clock (same guide, "Throughput of Native
 * Arithmetic Instructions"). From the L2 cache it takes at most 64 bytes a clock, and an A100's cache gives at most 5120
 * to all (NVIDIA A100 Tensor Core GPU Architecture whitepaper); what the caches of the others give is not published, so
 * that this bound is a loose one there.
 */
public enum Card {

    A100("A100", 80, 108, 312e12, 1555e9, 1.41e9, 5120, 64, 32, 164),
    H100("H100", 90, 132, 989.4e12, 3352e9, 1.83e9, 132 * 64, 64, 32, 228),
    RTX_4090("RTX 4090", 89, 128, 165.2e12, 1008e9, 2.52e9, 128 * 64, 48, 24, 100),
    RTX_3090("RTX 3090", 86, 82, 71e12, 936e9, 1.695e9, 82 * 64, 48, 16, 100);

    /** What bounds a launch, by the letter that tables have for it. */
    public enum Bound {
        PRODUCTS("f"), MEMORY("b"), EXPONENTIALS("e"), CACHE("c");

        private final String letter;

        Bound(String letter) {
            this.letter = letter;
        }

        public String letter() {
            return letter;
        }
    }

    /** 2ˣ a clock and multiprocessor, by its special-function units. */
    private static final int EXPONENTIALS_A_CLOCK = 16;

    private static final int WARP = 32;
    private static final int REGISTERS = 65536;
    /** Registers are given to a warp in units of so many. */
    private static final int REGISTER_UNIT = 256;
    /** Bytes of shared memory that every block takes for the system. */
    private static final int RESERVED_SHARED = 1024;
    private static final int SHARED_UNIT = 128;

    private final String label;
    private final int computeCapability;
    private final int multiprocessors;
    private final double flopsPerSecond;
    private final double bytesPerSecond;
    private final double clock;
    private final int cacheBytesAClock;
    private final int warps;
    private final int blocks;
    private final int sharedBytes;

    Card(String label, int computeCapability, int multiprocessors, double flopsPerSecond, double bytesPerSecond,
         double clock, int cacheBytesAClock, int warps, int blocks, int sharedKilobytes) {
        this.label = label;
        this.computeCapability = computeCapability;
        this.multiprocessors = multiprocessors;
        this.flopsPerSecond = flopsPerSecond;
        this.bytesPerSecond = bytesPerSecond;
        this.clock = clock;
        this.cacheBytesAClock = cacheBytesAClock;
        this.warps = warps;
        this.blocks = blocks;
        this.sharedBytes = sharedKilobytes * 1024;
    }

    /**
     * The card that a device's description names.
     *
     * @return empty for one whose datasheet is not here
     */
    public static Optional<Card> of(String description) {
        return Arrays.stream(values()).filter(card -> description.contains(card.label)).findFirst();
    }

    public String label() {
        return label;
    }

    int multiprocessors() {
        return multiprocessors;
    }

    /** Bytes of shared memory that a block can have. */
    int sharedBytesOfBlock() {
        return sharedBytes - RESERVED_SHARED;
    }

    /** 80 for 8.0. */
    public int computeCapability() {
        return computeCapability;
    }

    /** Seconds that the launch takes at least: the most of what {@link #boundedBy} chooses from. */
    public double bound(Launch launch) {
        return bound(launch, boundedBy(launch));
    }

    /** What takes a launch longest at the full rate. */
    public Bound boundedBy(Launch launch) {
        return Arrays.stream(Bound.values()).max(Comparator.comparingDouble(by -> bound(launch, by))).orElseThrow();
    }

    private double bound(Launch launch, Bound by) {
        return switch (by) {
            case PRODUCTS -> launch.flops() / flopsPerSecond;
            case MEMORY -> launch.bytes() / bytesPerSecond;
            case EXPONENTIALS -> launch.exponentials() / (EXPONENTIALS_A_CLOCK * multiprocessors * clock);
            case CACHE -> launch.cacheBytes() / (cacheBytesAClock * clock);
        };
    }

    /** Seconds that so many FLOP and bytes take at least. */
    public double bound(long flops, long bytes) {
        return Math.max(flops / flopsPerSecond, bytes / bytesPerSecond);
    }

    /** Warps that a multiprocessor can hold at once of the launch's blocks, by what its compiler's report says. */
    public int residentWarps(Launch launch, CompiledKernel compiled) {
        int warpsOfBlock = (launch.threads() + WARP - 1) / WARP;
        int registersOfWarp = roundUp(compiled.registers() * WARP, REGISTER_UNIT);
        int byRegisters = REGISTERS / registersOfWarp / warpsOfBlock;
        int shared = roundUp(launch.sharedBytes() + compiled.sharedBytes() + RESERVED_SHARED, SHARED_UNIT);
        int resident = Math.min(Math.min(byRegisters, sharedBytes / shared), Math.min(blocks, warps / warpsOfBlock));
        return resident * warpsOfBlock;
    }

    /** Most warps that a multiprocessor can hold. */
    public int warps() {
        return warps;
    }

    private static int roundUp(int value, int unit) {
        return (value + unit - 1) / unit * unit;
    }
}
