package org.diffusionclassifier.device.cpu;

import static org.bytedeco.dnnl.global.dnnl.*;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.ShortBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import org.bytedeco.javacpp.Pointer;
import org.diffusionclassifier.device.Activation;
import org.diffusionclassifier.device.Arena;
import org.diffusionclassifier.device.Attention;
import org.diffusionclassifier.device.Conv2d;
import org.diffusionclassifier.device.Diffusion;
import org.diffusionclassifier.device.DoubledFilters;
import org.diffusionclassifier.device.Embedding;
import org.diffusionclassifier.device.GroupNorm;
import org.diffusionclassifier.device.LayerNorm;
import org.diffusionclassifier.device.Linear;
import org.diffusionclassifier.device.RecordingDevice;
import org.diffusionclassifier.device.RmsNorm;
import org.diffusionclassifier.device.Storage;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.device.WeightsBudget;
import org.diffusionclassifier.device.cpu.dnnl.NativeMemory;
import org.diffusionclassifier.device.cpu.dnnl.OneDnn;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.FloatFormats;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.tensor.Weights;

/**
 * The processor as a device, by oneDNN: float32, or bfloat16 with float32 accumulation where the processor has it.
 * Threads are OpenMP's (OMP_NUM_THREADS), or as many of them as it is given.
 */
public final class CpuDevice extends RecordingDevice {

    static {
        // JavaCPP would take the weights, which lie outside the Java heap, for a leak. It reads this when it is first used.
        System.getProperties().putIfAbsent("org.bytedeco.javacpp.maxPhysicalBytes", "0");
    }

    private final OneDnn oneDnn = new OneDnn();
    private final DType dtype;
    private final WeightsBudget budget;
    private final Integer threads;
    private final Map<Long, NativeMemory> persistent = new HashMap<>();
    private final Map<String, Tensor> ones = new HashMap<>();
    private final Map<Integer, Tensor> attentionWeights = new HashMap<>();
    private final GrowingArena arena = new GrowingArena();

    /** @param dtype F32 or BF16; the latter needs AVX-512 or Arm's bfloat16, and is fast only where it is native */
    public CpuDevice(DType dtype) {
        this(dtype, WeightsBudget.unlimited());
    }

    /** As above, with a limit to the weights that stay in memory. */
    public CpuDevice(DType dtype, WeightsBudget budget) {
        this(dtype, budget, null);
    }

    /**
     * As above, on so many threads.
     *
     * @param threads that run its primitives, at least 1; null for OpenMP's own number
     * @throws InputException for BF16 on a processor that cannot
     */
    public CpuDevice(DType dtype, WeightsBudget budget, Integer threads) {
        if (dtype != DType.F32 && dtype != DType.BF16) {
            throw new IllegalArgumentException("the CPU device computes in F32 or BF16, not " + dtype);
        }
        if (dtype == DType.BF16 && !computesBfloat16()) {
            throw InputException.of("%s bf16: expected a processor with AVX-512 or Arm's bfloat16, found one without; f32 "
                    + "runs on any", InputException.field("dtype"));
        }
        this.dtype = dtype;
        this.budget = budget;
        this.threads = threads;
        if (threads != null) {
            OneDnn.setThreads(threads);
        }
    }

    /** Whether this processor computes in BF16 at all, natively or not. */
    public static boolean computesBfloat16() {
        return OneDnn.hasBfloat16();
    }

    /** The type that this processor computes in the fastest, by a trial of some milliseconds, once a process. */
    public static DType fastestType() {
        return FastestType.get();
    }

    @Override
    public String description() {
        return "cpu (oneDNN " + DNNL_VERSION_MAJOR + "." + DNNL_VERSION_MINOR + "), "
                + (threads == null ? Runtime.getRuntime().availableProcessors() + " cores"
                        : threads + (threads == 1 ? " thread" : " threads")) + ", "
                + dtype.name().toLowerCase(Locale.ROOT);
    }

    @Override
    public DType dtype() {
        return dtype;
    }

    OneDnn oneDnn() {
        return oneDnn;
    }

    WeightsBudget budget() {
        return budget;
    }

    @Override
    public Linear linear(Linear.Spec spec, Weights... parts) {
        return new CpuLinear(this, spec, parts);
    }

    @Override
    public Conv2d conv2d(Conv2d.Spec spec, Weights weights) {
        return spec.kernel() == 1 ? new CpuPointwiseConv(this, spec, weights) : new CpuConv2d(this, spec, weights);
    }

    @Override
    public GroupNorm groupNorm(GroupNorm.Spec spec, Weights weights) {
        return new CpuGroupNorm(this, spec, weights);
    }

    @Override
    public LayerNorm layerNorm(LayerNorm.Spec spec, Weights weights) {
        return new CpuLayerNorm(this, spec, weights);
    }

    @Override
    public RmsNorm rmsNorm(RmsNorm.Spec spec, Weights weights) {
        return new CpuRmsNorm(this, spec, weights);
    }

    @Override
    public Attention attention(Attention.Spec spec) {
        return new CpuAttention(this, spec);
    }

    @Override
    public Embedding embedding(Embedding.Spec spec, Weights weights) {
        return new CpuEmbeddings.Token(this, spec, weights);
    }

    @Override
    public Diffusion diffusion(Tensor table) {
        return new CpuDiffusion(this, table);
    }

    @Override
    public Tensor activation(Activation function, Tensor x) {
        requireElementwise(function, x);
        return CpuElementwise.activation(this, function, x);
    }

    @Override
    public Tensor product(Tensor a, Tensor b) {
        requireAlike(a, b);
        return CpuElementwise.product(this, a, b);
    }

    @Override
    protected void copyTokens(Tensor x, int from, Tensor y, int to, int count) {
        add(new CpuTokens(x, from, y, to, count));
    }

    @Override
    public Tensor biasedAttention(Tensor q, Tensor k, Tensor v, Tensor bias) {
        Tensor y = activations(attended(q, k, v, bias));
        CpuBiasedAttention.record(this, q, k, v, bias, y);
        return y;
    }

    @Override
    public Tensor gather(Tensor x, Tensor index) {
        Tensor y = activations(gathered(x, index));
        add(new CpuGather(x, index, y));
        return y;
    }

    @Override
    public Tensor timestepEmbedding(Tensor times, int width, boolean cosineFirst, float shift) {
        Tensor y = activations(embedded(times, width));
        CpuEmbeddings.recordTimes(this, times, y, cosineFirst, shift);
        return y;
    }

    @Override
    public Tensor adaptiveNorm(Tensor x, Tensor shift, Tensor scale, float epsilon) {
        requirePerImage(x, shift, scale);
        return CpuAdaptive.norm(this, x, shift, scale, epsilon);
    }

    @Override
    public Tensor gatedSum(Tensor x, Tensor gate, Tensor z) {
        requireGated(x, gate, z);
        return CpuAdaptive.gatedSum(this, x, gate, z);
    }

    @Override
    public Tensor swapAxes(Tensor x) {
        Tensor y = activations(x.type(), swapped(x));
        add(new CpuSwapAxes(x, y));
        return y;
    }

    @Override
    public Tensor affine(Tensor x, double shift, double factor) {
        requireFloats(x);
        Tensor y = activations(DType.F32, x.shape());
        add(new CpuAffine(x, shift, factor, y));
        return y;
    }

    /** A graph's run returns when it is done. */
    @Override
    public void synchronize() {
    }

    @Override
    public int latentPixelsABatch() {
        return 4 * 64 * 64;
    }

    /** Ten pairs of the bundled model at once take 1 % longer each than sixty-four, five take 9 %. */
    @Override
    public int latentPixelsAtLeast() {
        return 10 * 16 * 16;
    }

    @Override
    public long activationCapacity() {
        return Long.MAX_VALUE;
    }

    @Override
    public Tensor tensor(DType type, int... shape) {
        var memory = NativeMemory.zeroed(bytes(type, shape));
        persistent.put(memory.address(), memory);
        return Tensor.over(Storage.persistent(memory.address(), memory.bytes()), type, shape);
    }

    @Override
    public void release(Tensor tensor) {
        NativeMemory memory = persistent.remove(tensor.storage().address());
        if (memory != null) {
            memory.close();
        }
    }

    @Override
    public void write(Tensor destination, float[] values) {
        requireFits(holdsFloats(destination), values.length, destination);
        var output = new HostOp.Output(destination);
        output.bind();
        for (int i = 0; i < values.length; i++) {
            output.put(i, values[i]);
        }
    }

    @Override
    public void write(Tensor destination, int[] values) {
        requireFits(destination.type() == DType.I32, values.length, destination);
        HostOp.ints(destination).put(values);
    }

    @Override
    public float[] read(Tensor source) {
        requireFloats(source);
        float[] values = new float[Math.toIntExact(source.elements())];
        int rowBytes = source.width() * source.type().bytes();
        for (int row = 0; row < source.rows(); row++) {
            long start = source.address() + (long) row * source.rowStride() * source.type().bytes();
            ByteBuffer bytes = NativeMemory.buffer(start, rowBytes);
            if (source.type() == DType.F32) {
                bytes.asFloatBuffer().get(values, row * source.width(), source.width());
            } else {
                ShortBuffer shorts = bytes.asShortBuffer();
                for (int c = 0; c < source.width(); c++) {
                    values[row * source.width() + c] = FloatFormats.fromBF16(shorts.get(c));
                }
            }
        }
        return values;
    }

    @Override
    public void copy(Tensor source, Tensor destination) {
        requireFits(source.isDense() && source.type() == destination.type(), source.elements(), destination);
        Pointer.memcpy(NativeMemory.at(destination.address()), NativeMemory.at(source.address()),
                source.elements() * source.type().bytes());
    }

    @Override
    protected Arena arena() {
        return arena;
    }

    /** The vectors {@code name} of several weights, one behind the other, in float32: [1, size]. */
    Tensor parameters(String name, int size, Weights... parts) {
        Tensor vector = tensor(DType.F32, 1, size);
        FloatBuffer values = HostOp.floats(vector);
        for (Weights part : parts) {
            part.require(name, size / parts.length);
            part.read(name, values);
        }
        return named(vector, parts);
    }

    /** A vector of ones, [count], that all share until the device closes: a product with it is a sum. */
    Tensor ones(DType type, int count) {
        return ones.computeIfAbsent(type + " " + count, key -> {
            float[] values = new float[count];
            Arrays.fill(values, 1);
            Tensor vector = tensor(type, count);
            write(vector, values);
            return vector;
        });
    }

    /**
     * Memory for rows of attention weights, [rows or more, padded], that all attention of so many keys shares until the
     * device closes. Only the first {@code keys} columns may be written: the others stay zero.
     */
    Tensor attentionWeights(int rows, int keys, int padded) {
        return attentionWeights.compute(keys, (count, shared) ->
                shared != null && shared.rows() >= rows ? shared : tensor(dtype, rows, padded));
    }

    /** The tensors {@code name} of several weights, each of {@code shape}, one behind the other in float32. */
    NativeMemory stage(String name, Weights[] parts, int[] shape) {
        long elements = parts.length;
        for (int dim : shape) {
            elements *= dim;
        }
        return stage(elements, values -> {
            for (Weights part : parts) {
                part.require(name, shape);
                part.read(name, values);
            }
        });
    }

    /** The {@code weight} of a convolution in float32: [out, size, size, in]. */
    NativeMemory stageFilters(Weights source, int out, int in, int size) {
        return stage((long) out * in * size * size, values -> source.readFilters("weight", out, in, size, values));
    }

    /** The same of a layer that doubles its input, as those of {@link DoubledFilters}: [out, 4, 4, in]. */
    NativeMemory stageDoubledFilters(Weights source, int out, int in) {
        return stage((long) out * in * DoubledFilters.SIZE * DoubledFilters.SIZE, values -> {
            var filters = FloatBuffer.allocate(Math.multiplyExact(out * 9, in));
            source.readFilters("weight", out, in, 3, filters);
            values.put(DoubledFilters.of(filters.array(), out, in));
        });
    }

    private static NativeMemory stage(long elements, Consumer<FloatBuffer> reader) {
        var staged = NativeMemory.allocate(elements * DType.F32.bytes());
        try {
            reader.accept(NativeMemory.buffer(staged.address(), staged.bytes()).asFloatBuffer());
            return staged;
        } catch (RuntimeException e) {
            staged.close();
            throw e;
        }
    }

    @Override
    public void close() {
        persistent.values().forEach(NativeMemory::close);
        persistent.clear();
        arena.close();
        oneDnn.close();
    }
}
