package org.diffusionclassifier.device.cpu;

import static org.bytedeco.dnnl.global.dnnl.*;

import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.List;
import org.diffusionclassifier.device.Attention;
import org.diffusionclassifier.device.Op;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.weights.DType;

/**
 * softmax(Q Kᵀ / √d) V of a batch: image by image, whose keys and values are first repacked as oneDNN's products want
 * their second factor, and {@linkplain AttentionBlock block by block} of queries, so that the weights of a block are
 * still in the cache when they are used. An image's keys and values are read where they stand, so choosing them from a
 * table copies nothing.
 */
final class BlockedAttention implements Op {

    /** Of the weights of a block; a half and twice as many are up to a tenth slower. */
    private static final int BLOCK_BYTES = 4 << 20;
    private static final int MOST_QUERIES = 512;

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
    private final Primitive packKeys;
    private final Primitive packValues;
    private final Tensor packedKeys;
    private final Tensor packedValues;
    private final Tensor weights;
    private final Tensor sums;
    private final Tensor mixed;
    private final Tensor scratch;
    private IntBuffer entries;

    /**
     * @param q     [B, Lq, C]
     * @param k     [N, Lk, C], v likewise
     * @param entry [B] of int32 in [0, N), or null if N = B
     * @param y     [B, Lq, C], dense
     * @param ones  [Lk] of them
     * @param mask  [Lq, Lk] float32 to be added to the scores, or null
     */
    BlockedAttention(CpuDevice device, Attention.Spec spec, Tensor q, Tensor k, Tensor v, Tensor entry, Tensor y,
                     Tensor ones, Tensor mask) {
        this.q = q;
        this.k = k;
        this.v = v;
        this.entry = entry;
        this.y = y;
        this.ones = ones;
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

        int fitting = BLOCK_BYTES / (heads * AttentionBlock.paddedKeys(keys) * device.dtype().bytes()) / 16 * 16;
        int queries = Math.min(q.dim(1), Math.max(16, Math.min(MOST_QUERIES, fitting)));
        var first = new AttentionBlock(device, spec, queries, keys, q.rowStride(), null);
        blocks.add(first);
        if (q.dim(1) % queries != 0) {
            blocks.add(new AttentionBlock(device, spec, q.dim(1) % queries, keys, q.rowStride(), first));
        }
        packKeys = first.keyPacking(k.rowStride());
        packValues = first.valuePacking(v.rowStride());
        packedKeys = DnnlOp.scratch(first.packedKeyBytes());
        packedValues = DnnlOp.scratch(first.packedValueBytes());
        weights = device.activations(heads, queries, AttentionBlock.paddedKeys(keys));
        sums = device.activations(DType.F32, heads, queries);
        mixed = device.activations(DType.F32, heads, queries, d);
        long scratchBytes = Math.max(packKeys.scratchpadBytes(), packValues.scratchpadBytes());
        for (AttentionBlock block : blocks) {
            scratchBytes = Math.max(scratchBytes, block.scratchBytes());
        }
        scratch = DnnlOp.scratch(Math.max(1, scratchBytes));
    }

    @Override
    public void bind() {
        packKeys.placeScratchpad(scratch.address());
        packKeys.place(DNNL_ARG_TO, packedKeys.address());
        packValues.placeScratchpad(scratch.address());
        packValues.place(DNNL_ARG_TO, packedValues.address());
        var workspace = new AttentionBlock.Workspace(weights.address(), sums.address(), mixed.address(),
                scratch.address());
        blocks.forEach(block ->
                block.place(workspace, packedKeys.address(), packedValues.address(), ones.address()));
        entries = entry == null ? null : HostOp.ints(entry);
    }

    @Override
    public void run() {
        int bytes = q.type().bytes();
        int most = blocks.get(0).queries();
        for (int image = 0; image < q.dim(0); image++) {
            long firstKey = (long) entry(image) * k.dim(1);
            packKeys.place(DNNL_ARG_FROM, k.address() + firstKey * k.rowStride() * bytes);
            packKeys.run();
            packValues.place(DNNL_ARG_FROM, v.address() + firstKey * v.rowStride() * bytes);
            packValues.run();
            for (int from = 0; from < q.dim(1); from += most) {
                AttentionBlock block = q.dim(1) - from >= most ? blocks.get(0) : blocks.get(1);
                long row = (long) image * q.dim(1) + from;
                block.run(q.address() + row * q.rowStride() * bytes, y.address() + row * y.rowStride() * bytes,
                        mask == null ? 0 : mask.address() + (long) from * mask.rowStride() * DType.F32.bytes());
            }
        }
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
        return List.of(y, packedKeys, packedValues, weights, sums, mixed, scratch);
    }

    @Override
    public long flops() {
        return flops;
    }

    @Override
    public void close() {
        packKeys.close();
        packValues.close();
        blocks.forEach(AttentionBlock::close);
    }
}
