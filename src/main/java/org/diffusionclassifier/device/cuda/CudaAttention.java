package org.diffusionclassifier.device.cuda;

import java.util.stream.IntStream;
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
 * {@code attention_merge.cu} behind it. Heads of a width that no kernel is made for are padded with zeros to the next.
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
    /** Columns of a head that the kernel takes. */
    private final int d;

    /** @throws InputException for heads wider than any kernel's */
    CudaAttention(CudaDevice device, Spec spec) {
        this.device = device;
        this.spec = spec;
        KernelCatalog kernels = device.gpu().kernels();
        this.d = widths(kernels).filter(width -> width >= spec.headWidth()).min().orElseThrow(() -> InputException.of(
                "attention heads of %d columns: expected up to %d on %s; with %s cpu any", spec.headWidth(),
                widths(kernels).max().orElse(0), device.gpu().driver().deviceName(), InputException.field("device")));
        this.kernel = kernels.find(KERNELS + d).orElseThrow();
    }

    private static IntStream widths(KernelCatalog kernels) {
        return kernels.kernels().stream().map(KernelFacts::kernel).filter(name -> name.startsWith(KERNELS))
                .mapToInt(name -> Integer.parseInt(name.substring(KERNELS.length())));
    }

    @Override
    public Tensor forward(Tensor q, Tensor k, Tensor v, Tensor entry) {
        int[] shape = spec.outputShape(q, k, v, entry);
        if (d == spec.headWidth()) {
            return attend(q, k, v, entry);
        }
        return resized(attend(resized(q, d), resized(k, d), resized(v, d), entry), spec.headWidth()).reshape(shape);
    }

    /** The same heads with more columns, of zeros, or fewer. */
    private Tensor resized(Tensor x, int columns) {
        Tensor y = device.activations(x.dim(0), x.dim(1), spec.heads() * columns);
        device.add(device.launch("pad_heads", y.elements())
                .in(x).with(x.rowStride()).out(y).with(x.rows(), spec.heads(), x.width() / spec.heads(), columns));
        return y;
    }

    private Tensor attend(Tensor q, Tensor k, Tensor v, Tensor entry) {
        int batch = q.dim(0);
        int queries = q.dim(1);
        int keys = k.dim(1);
        int rows = Math.multiplyExact(batch * queries, spec.heads());
        int queryTiles = kernel.blocks(queries);
        int splits = spec.causal() ? 1 : splits(device.gpu().properties(), kernel, d,
                queryTiles * spec.heads() * batch, rows, keys);
        float scale = (float) (1 / Math.sqrt(spec.headWidth()));
        Tensor y = device.activations(q.shape());
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
