package org.diffusionclassifier.device.cuda.study;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.diffusionclassifier.device.cuda.driver.Geometry;
import org.diffusionclassifier.device.cuda.driver.KernelCatalog;
import org.diffusionclassifier.device.cuda.driver.KernelFacts;
import org.diffusionclassifier.device.cuda.driver.KernelOp;

/**
 * A kernel launch of a recorded graph, as it is before anything runs.
 *
 * @param kernel      its name in {@code kernels/}
 * @param operands    shapes of the tensors it reads and writes, {@code [8, 64, 64, 320] → …}: two launches of one kernel
 *                    on the same operands do the same work
 * @param blocks      of the grid
 * @param threads     of a block
 * @param sharedBytes dynamic shared memory of a block
 * @param flops       multiplications and additions of the result; 0 for kernels that are bound by bytes
 * @param bytes       fewest that it must move: each operand once
 * @param count       how often the graph has it
 */
public record Launch(String kernel, String operands, long blocks, int threads, int sharedBytes, long flops, long bytes,
                     int count) {

    private static final Pattern ATTENTION = Pattern.compile("attention_d(\\d+)");

    static Launch of(KernelOp op) {
        Geometry geometry = op.geometry();
        return new Launch(op.kernel().kernel(), op.operands(), geometry.blocks(), geometry.block(),
                geometry.sharedBytes(), op.flops(), op.bytes(), 1);
    }

    Launch times(int number) {
        return new Launch(kernel, operands, blocks, threads, sharedBytes, flops, bytes, number);
    }

    /** 2ˣ of the softmax, one for each query and key: attention's products are 4 FLOP for each of a head's columns. */
    double exponentials() {
        Matcher attention = ATTENTION.matcher(kernel);
        return attention.matches() ? flops / (4.0 * Integer.parseInt(attention.group(1))) : 0;
    }

    /**
     * Bytes that blocks take through the L2 cache at least. Each tile [R, C] of a product reads R + C halves for 2 R C
     * FLOP, each tile of R queries both halves of every key and value for 4 R; everything else what it moves at least.
     */
    double cacheBytes() {
        List<Integer> tile = KernelCatalog.packaged().find(kernel).map(KernelFacts::tile).orElse(List.of());
        double rereads = switch (family()) {
            case "gemm", "conv3x3" -> flops * (1.0 / tile.get(0) + 1.0 / tile.get(1));
            case "attention" -> flops / (double) tile.get(0);
            default -> 0;
        };
        return Math.max(bytes, rereads);
    }

    /** The kernel's, by the catalog: {@code gemm}, {@code conv3x3}, {@code attention}, … */
    public String family() {
        return KernelCatalog.packaged().find(kernel).map(KernelFacts::family).orElse(kernel);
    }
}
