package org.diffusionclassifier.device.cpu;

import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.Pointer;
import org.diffusionclassifier.device.Attention;
import org.diffusionclassifier.device.Op;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.device.cpu.dnnl.DnnlOp;
import org.diffusionclassifier.device.cpu.dnnl.NativeMemory;
import org.diffusionclassifier.tensor.DType;

/**
 * softmax(Q Kᵀ / √d) V of a batch, {@linkplain AttentionBlock block by block}, so that the weights of a block are still
 * in a cache when they are used: a block is some queries of a large image, or all queries of some small ones. Where all
 * heads' weights would leave room for few queries, a block has some heads only, and more queries: all of its keys and
 * values are read for each block. Keys and values are read where they stand; only those that some images choose from a
 * table are copied, so as to follow each other.
 */
final class BlockedAttention implements Op {

    /** Of the weights of a block; a half and twice as many are up to a tenth slower. */
    private static final int BLOCK_BYTES = 4 << 20;
    private static final int MOST_QUERIES = 512;
    /**
     * With fewer in a block, heads are cut into groups. Of 24 heads of 64 with 4429 tokens a block had 16 queries and read 27
     * MB of keys and values for them: 62 GFLOP/s on one thread, bfloat16; with 4 heads and 112 queries it makes 195.
     */
    private static final int FEWEST_QUERIES = 96;

    private final Tensor q;
    private final Tensor k;
    private final Tensor v;
    private final Tensor entry;
    private final Tensor y;
    private final Tensor ones;
    private final Tensor mask;
    private final String name;
    private final long flops;
    private final List<Tensor> reads = new ArrayList<>();
    private final List<AttentionBlock> blocks = new ArrayList<>();
    private final int images;
    private final int queries;
    private final int groups;
    private final int groupColumns;
    private final Tensor gathered;
    private final Tensor weights;
    private final Tensor sums;
    private final Tensor mixed;
    private final Tensor scratch;
    private final NativeMemory.Cursor source = new NativeMemory.Cursor();
    private final NativeMemory.Cursor destination = new NativeMemory.Cursor();
    private IntBuffer entries;

    /**
     * @param q     [B, Lq, C]
     * @param k     [N, Lk, C], v likewise
     * @param entry [B] of int32 in [0, N), or null if N = B
     * @param y     [B, Lq, C], dense
     * @param mask  [Lq, Lk] float32 to be added to the scores, or null
     */
    BlockedAttention(CpuDevice device, Attention.Spec spec, Tensor q, Tensor k, Tensor v, Tensor entry, Tensor y,
                     Tensor mask) {
        this.q = q;
        this.k = k;
        this.v = v;
        this.entry = entry;
        this.y = y;
        this.ones = device.ones(device.dtype(), k.dim(1));
        this.mask = mask;
        int heads = spec.heads();
        int keys = k.dim(1);
        int d = spec.headWidth();
        name = "attention " + q.dim(0) + "x" + heads + "x" + q.dim(1) + "x" + keys + "x" + d;
        flops = 4L * q.rows() * keys * spec.width();
        for (Tensor read : new Tensor[] {q, k, v, entry}) {
            if (read != null) {
                reads.add(read);
            }
        }

        int headBytes = AttentionBlock.Shape.paddedKeys(keys) * device.dtype().bytes();
        int group = group(heads, headBytes, q.dim(1));
        groups = heads / group;
        groupColumns = group * d;
        var shape = new AttentionBlock.Shape(group, d, q.dim(1), keys, q.rowStride(), k.rowStride(), v.rowStride(),
                y.rowStride());
        int rowBytes = group * headBytes;
        queries = Math.min(q.dim(1), most(rowBytes));
        boolean oneByOne = groups > 1 || queries < q.dim(1) || entry != null && !k.sharesRowsWith(v);
        images = oneByOne ? 1 : Math.max(1, Math.min(q.dim(0), BLOCK_BYTES / rowBytes / queries));
        blocks.add(new AttentionBlock(device, shape, images, queries));
        if (q.dim(1) % queries != 0) {
            blocks.add(new AttentionBlock(device, shape, images, q.dim(1) % queries));
        } else if (q.dim(0) % images != 0) {
            blocks.add(new AttentionBlock(device, shape, q.dim(0) % images, queries));
        }
        gathered = DnnlOp.scratch(entry == null || images == 1 ? 1 : images * entryBytes(k));
        weights = weights(device, images * group * queries, shape);
        sums = device.activations(DType.F32, images, group, queries);
        mixed = DnnlOp.scratch(Math.max(1, blocks.get(0).mixedBytes()));
        scratch = DnnlOp.scratch(Math.max(1,
                blocks.stream().mapToLong(AttentionBlock::scratchBytes).max().orElse(0)));
    }

    /** Queries that a block has room for. @param rowBytes of the weights of one */
    private static int most(int rowBytes) {
        return Math.max(16, Math.min(MOST_QUERIES, BLOCK_BYTES / rowBytes / 16 * 16));
    }

    /** Heads of a block: all, or the most that divide them and leave room for enough queries. */
    private static int group(int heads, int headBytes, int tokens) {
        int wanted = Math.min(FEWEST_QUERIES, tokens);
        return IntStream.iterate(heads, group -> group > 1, group -> group - 1)
                .filter(group -> heads % group == 0 && most(group * headBytes) >= wanted).findFirst().orElse(1);
    }

    /**
     * In the arena, but for padded rows: a product by AMX reads the padding and multiplies it by zero, and what other
     * operations leave in the arena may be NaN (oneDNN's issue 5717, in 3.13).
     */
    private static Tensor weights(CpuDevice device, int rows, AttentionBlock.Shape shape) {
        int padded = shape.paddedKeys();
        if (padded == shape.keys()) {
            return device.activations(rows, padded);
        }
        int rowsOfBlock = BLOCK_BYTES / (padded * device.dtype().bytes());
        return device.attentionWeights(Math.max(rows, rowsOfBlock), shape.keys(), padded);
    }

    /** From the first row of an entry of the table to that of the next. */
    private static long entryBytes(Tensor table) {
        return (long) table.dim(1) * table.rowStride() * table.type().bytes();
    }

    @Override
    public void bind() {
        var workspace = new AttentionBlock.Workspace(weights.address(), sums.address(), mixed.address(),
                scratch.address());
        blocks.forEach(block -> block.place(workspace, ones.address()));
        entries = entry == null ? null : HostOp.ints(entry);
    }

    @Override
    public void run() {
        int tokens = q.dim(1);
        for (int image = 0; image < q.dim(0); image += images) {
            int count = Math.min(images, q.dim(0) - image);
            for (int group = 0; group < groups; group++) {
                long heads = (long) group * groupColumns * q.type().bytes();
                take(image, count, heads);
                for (int from = 0; from < tokens; from += queries) {
                    int row = image * tokens + from;
                    block(count, Math.min(queries, tokens - from)).run(address(q, row) + heads, address(y, row) + heads,
                            mask == null ? 0 : address(mask, from));
                }
            }
        }
    }

    /**
     * Has the blocks of {@code count} images use the keys and values of those from {@code image} on.
     *
     * @param heads bytes from the first head to the first of the block's
     */
    private void take(int image, int count, long heads) {
        long keys = address(k, entry(image) * k.dim(1)) + heads;
        long values = address(v, entry(image) * v.dim(1)) + heads;
        if (entries != null && images > 1) {
            long table = Math.min(k.address(), v.address());
            for (int i = 0; i < count; i++) {
                Pointer.memcpy(destination.at(gathered.address() + i * entryBytes(k)),
                        source.at(table + entry(image + i) * entryBytes(k)), spannedBytes());
            }
            keys = gathered.address() + k.address() - table;
            values = gathered.address() + v.address() - table;
        }
        for (AttentionBlock block : blocks) {
            if (block.holds(count)) {
                block.take(keys, values);
            }
        }
    }

    /** From the first key or value of an entry of the table to its last. */
    private long spannedBytes() {
        long rows = (long) (k.dim(1) - 1) * k.rowStride() + k.width();
        return rows * k.type().bytes() + Math.abs(k.address() - v.address());
    }

    private AttentionBlock block(int images, int queries) {
        return blocks.get(images == this.images && queries == this.queries ? 0 : 1);
    }

    private static long address(Tensor x, int row) {
        return x.address() + (long) row * x.rowStride() * x.type().bytes();
    }

    private int entry(int image) {
        if (entries == null) {
            return image;
        }
        int chosen = entries.get(image);
        if (chosen < 0 || chosen >= k.dim(0)) {
            throw new IndexOutOfBoundsException(name + ": entry " + chosen);
        }
        return chosen;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public List<Tensor> reads() {
        return reads;
    }

    @Override
    public List<Tensor> writes() {
        return List.of(y, gathered, weights, sums, mixed, scratch);
    }

    @Override
    public long flops() {
        return flops;
    }

    @Override
    public void close() {
        blocks.forEach(AttentionBlock::close);
    }
}
