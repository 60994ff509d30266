package org.diffusionclassifier.device.cuda;

import java.util.stream.Collectors;
import org.diffusionclassifier.device.Attention;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.device.cuda.driver.Geometry;
import org.diffusionclassifier.device.cuda.driver.GpuProperties;
import org.diffusionclassifier.device.cuda.driver.KernelCatalog;
import org.diffusionclassifier.device.cuda.driver.KernelFacts;
import org.diffusionclassifier.device.cuda.driver.KernelOp;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.InputException;

/**
 * Attention by {@code attention.cu}: no scores in memory, keys and values chosen by index where they are. One launch,
 * or, where queries and heads are too few to fill the card, one that splits the keys among blocks and
 * {@code attention_merge.cu} behind it.
 */
final class CudaAttention implements Attention {

    private static final String KERNELS = "attention_d";
    // What the kernels' tile counts.
    private static final int QUERIES = 0;
    private static final int KEYS = 1;
    private static final int MOST_SPLITS = 4;
    /** Columns of a row of partial results behind the head's own, of which two are used: whole sectors. */
    private static final int SOFTMAX_STATE = 8;

    private final CudaDevice device;
    private final Spec spec;
    private final KernelFacts kernel;

    /** @throws InputException for a head width that no kernel is made for */
    CudaAttention(CudaDevice device, Spec spec) {
        this.device = device;
        this.spec = spec;
        KernelCatalog kernels = device.gpu().kernels();
        this.kernel = kernels.find(KERNELS + spec.headWidth()).orElseThrow(() -> InputException.of(
                "attention heads of %d columns: expected one of the widths that %s has kernels for, %s; with %s cpu any",
                spec.headWidth(), device.gpu().driver().deviceName(), widths(kernels), InputException.field("device")));
    }

    private static String widths(KernelCatalog kernels) {
        return kernels.kernels().stream().map(KernelFacts::kernel).filter(name -> name.startsWith(KERNELS))
                .map(name -> name.substring(KERNELS.length())).collect(Collectors.joining(", "));
    }

    @Override
    public Tensor forward(Tensor q, Tensor k, Tensor v, Tensor entry) {
        int[] shape = spec.outputShape(q, k, v, entry);
        int d = spec.headWidth();
        int batch = q.dim(0);
        int queries = q.dim(1);
        int keys = k.dim(1);
        int rows = Math.multiplyExact(batch * queries, spec.heads());
        int queryTiles = kernel.blocks(queries);
        int splits = spec.causal() ? 1 : splits(device.gpu().properties(), kernel, d,
                queryTiles * spec.heads() * batch, rows, keys);
        float scale = (float) (1 / Math.sqrt(d));
        Tensor y = device.activations(shape);
        Tensor partial = splits == 1 ? null : device.activations(DType.F32, splits, rows, d + SOFTMAX_STATE);
        device.add(new KernelOp(device.gpu(), kernel, kernel.grid(queryTiles, spec.heads(), batch * splits),
                4L * rows * keys * d)
                .in(q).with(q.rowStride())
                .in(k).with(k.rowStride(), keys * k.rowStride())
                .in(v).with(v.rowStride(), keys * v.rowStride())
                .in(entry)
                .out(splits == 1 ? y : null).with(y.rowStride())
                .out(partial).with(splits, queries, keys, scale).with(spec.causal()));
        if (splits > 1) {
            device.add(device.launch("attention_merge", (long) rows * d)
                    .in(partial).with(splits)
                    .out(y).with(y.rowStride(), rows, spec.heads(), d, scale));
        }
        return y;
    }

    /**
     * Into how many parts to split the keys: the fewest that take the least time, if blocks run in waves of as many as
     * the card holds, those of a multiprocessor share its rates, and a split costs what {@link CardRates#mergeSeconds}
     * says of its partial results.
     *
     * @param d    columns of a head
     * @param rows queries of all heads
     */
    static int splits(GpuProperties card, KernelFacts kernel, int d, int blocks, int rows, int keys) {
        CardRates rates = CardRates.of(card);
        long resident = (long) kernel.residentBlocks() * card.multiprocessors();
        double tileSeconds = kernel.residentBlocks()
                * rates.attentionSeconds(kernel.tile(QUERIES), kernel.tile(KEYS), d);
        int tiles = kernel.blocks(KEYS, keys);
        int best = 1;
        double least = Double.POSITIVE_INFINITY;
        for (int wanted = 1; wanted <= Math.min(MOST_SPLITS, tiles); wanted++) {
            long tilesEach = Geometry.ceilDiv(tiles, wanted);
            int splits = Math.toIntExact(Geometry.ceilDiv(tiles, tilesEach));       // none of them empty
            double seconds = Geometry.ceilDiv((long) blocks * splits, resident) * tilesEach * tileSeconds;
            if (splits > 1) {
                seconds += rates.mergeSeconds((double) Float.BYTES * splits * rows * (d + SOFTMAX_STATE));
            }
            if (seconds < least) {
                least = seconds;
                best = splits;
            }
        }
        return best;
    }
}
