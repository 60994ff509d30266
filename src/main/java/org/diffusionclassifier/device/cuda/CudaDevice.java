package org.diffusionclassifier.device.cuda;

import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import jcuda.driver.CUevent;
import org.diffusionclassifier.device.Activation;
import org.diffusionclassifier.device.Arena;
import org.diffusionclassifier.device.Attention;
import org.diffusionclassifier.device.Conv2d;
import org.diffusionclassifier.device.Diffusion;
import org.diffusionclassifier.device.Embedding;
import org.diffusionclassifier.device.Graph;
import org.diffusionclassifier.device.GroupNorm;
import org.diffusionclassifier.device.LayerNorm;
import org.diffusionclassifier.device.Linear;
import org.diffusionclassifier.device.Op;
import org.diffusionclassifier.device.RecordingDevice;
import org.diffusionclassifier.device.ResidualConv2d;
import org.diffusionclassifier.device.RmsNorm;
import org.diffusionclassifier.device.Storage;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.device.WeightsBudget;
import org.diffusionclassifier.device.cuda.driver.CapturedProgram;
import org.diffusionclassifier.device.cuda.driver.Driver;
import org.diffusionclassifier.device.cuda.driver.Geometry;
import org.diffusionclassifier.device.cuda.driver.Gpu;
import org.diffusionclassifier.device.cuda.driver.GpuArena;
import org.diffusionclassifier.device.cuda.driver.GpuProperties;
import org.diffusionclassifier.device.cuda.driver.KernelFacts;
import org.diffusionclassifier.device.cuda.driver.KernelOp;
import org.diffusionclassifier.device.cuda.vendor.VendorLayers;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.Weights;

/**
 * A CUDA device: float16 or bfloat16 storage, float32 accumulation. Kernels run in order on one stream, copies
 * beside them on another; reading a tensor waits for what was launched before.
 */
public final class CudaDevice extends RecordingDevice {

    private final Gpu gpu;
    private final DType dtype;
    private final WeightsBudget budget;
    private final GpuArena arena;
    private final Transfers transfers;

    /** What products have to be computed by, in the place of what is soonest; null for a free choice. */
    private Tiles tile;
    private int splits;

    /** Null where our own kernels do it all. */
    private final VendorLayers vendor;

    private CudaDevice(Driver driver, int card, DType dtype, boolean checked, Kernels kernels, WeightsBudget budget) {
        if (dtype != DType.F16 && (dtype != DType.BF16 || kernels == Kernels.VENDOR)) {
            throw new IllegalArgumentException("a CUDA device that computes in " + dtype + " by " + kernels + " kernels");
        }
        this.gpu = new Gpu(driver, card, dtype, checked);
        this.dtype = dtype;
        this.budget = budget;
        this.arena = new GpuArena(gpu);
        this.transfers = new Transfers(gpu);
        try {
            vendor = kernels == Kernels.VENDOR ? new VendorLayers(new VendorView(this)) : null;
        } catch (RuntimeException e) {
            gpu.close();
            throw e;
        }
    }

    /** Whether the system has an NVIDIA driver; opening the device may still find that it cannot be used. */
    public static boolean isInstalled() {
        return Driver.isInstalled();
    }

    /** Number of cards that the installed driver has; 0 without one. */
    public static int cards() {
        return Driver.isInstalled() ? Gpu.count(Driver.INSTALLED) : 0;
    }

    /** The installed driver's first card, which {@code CUDA_VISIBLE_DEVICES} chooses. */
    public static CudaDevice open() {
        return open(0);
    }

    /** @param card of the installed driver, from 0 */
    public static CudaDevice open(int card) {
        return open(card, Kernels.NATIVE, WeightsBudget.unlimited());
    }

    /** As {@link #open()}, with the choices of {@link #open(int, DType, Kernels, WeightsBudget)}. */
    public static CudaDevice open(Kernels kernels, WeightsBudget budget) {
        return open(0, kernels, budget);
    }

    /** In float16, with the choices of {@link #open(int, DType, Kernels, WeightsBudget)}. */
    public static CudaDevice open(int card, Kernels kernels, WeightsBudget budget) {
        return open(card, DType.F16, kernels, budget);
    }

    /**
     * A card of the installed driver, with the choice of what tensors are stored in, of what multiplies matrices, and a
     * limit to the weights that stay on the card (which NVIDIA's libraries do not heed).
     *
     * @param card  from 0
     * @param dtype F16, or with our own kernels BF16
     * @throws org.diffusionclassifier.device.DeviceException if there is no driver, no card, or none that our kernels
     *                                                        run on, or NVIDIA's libraries are asked for and one is
     *                                                        missing
     */
    public static CudaDevice open(int card, DType dtype, Kernels kernels, WeightsBudget budget) {
        return new CudaDevice(Driver.INSTALLED, card, dtype, false, kernels, budget);
    }

    /**
     * The emulated card: the same calls and the same kernel sources, run on the processor; for tests and study. With
     * {@code -Dsimt.checked=true} every load and store is checked, but for BF16.
     */
    public static CudaDevice openEmulated() {
        return openEmulated(Kernels.NATIVE, WeightsBudget.unlimited());
    }

    /** As {@link #openEmulated()}, with the choices of {@link #open(Kernels, WeightsBudget)}. */
    public static CudaDevice openEmulated(Kernels kernels, WeightsBudget budget) {
        return openEmulated(0, kernels, budget);
    }

    /** In float16, with the choices of {@link #openEmulated(int, DType, Kernels, WeightsBudget)}. */
    public static CudaDevice openEmulated(int card, Kernels kernels, WeightsBudget budget) {
        return openEmulated(card, DType.F16, kernels, budget);
    }

    /** @param card below the number that the environment variable SIMT_DEVICES gives, by default 1 */
    public static CudaDevice openEmulated(int card, DType dtype, Kernels kernels, WeightsBudget budget) {
        return new CudaDevice(Driver.EMULATED, card, dtype, Boolean.getBoolean("simt.checked"), kernels, budget);
    }

    /**
     * The emulated card with every load and store checked and counted. No weights stay on it, so that networks of any size
     * have room: what is counted does not depend on them.
     */
    public static CudaDevice openEmulatedToCount() {
        return new CudaDevice(Driver.EMULATED, 0, DType.F16, true, Kernels.NATIVE, WeightsBudget.of(0));
    }

    @Override
    public String description() {
        GpuProperties card = gpu.properties();
        return String.format(Locale.ROOT, "%s (sm_%d), %d multiprocessors, %.1f GiB, %s%s", gpu.name(),
                card.computeCapability(), card.multiprocessors(), gpu.totalBytes() / (double) (1 << 30),
                dtype.name().toLowerCase(Locale.ROOT), vendor == null ? "" : ", cuBLAS and cuDNN");
    }

    @Override
    public List<String> notices() {
        return gpu.notices();
    }

    @Override
    public DType dtype() {
        return dtype;
    }

    /** What it runs on, for those who study its launches. */
    public Gpu gpu() {
        return gpu;
    }

    WeightsBudget budget() {
        return budget;
    }

    /**
     * Has the products that are recorded from here on take kernels of one tile where they have one, and the soonest where
     * not; for checks of every kernel on whatever card.
     *
     * @param suffix of the kernels' names, {@code 128x160}; null for the soonest again
     * @param parts  among which a product's sum is split: with more than one, the kernels that store partial sums
     */
    public void useTile(String suffix, int parts) {
        tile = suffix == null ? null : Arrays.stream(Tiles.values())
                .filter(each -> each.suffix().equals("_" + suffix)).findFirst().orElseThrow();
        splits = parts;
    }

    /** How a product is launched: {@link Tiles#choose}, unless {@link #useTile} says another. */
    Tiles.Plan plan(int parts, long m, int n, int depth, Set<Tiles> whole, Set<Tiles> partial) {
        return tile != null && (splits == 1 ? whole : partial).contains(tile) ? Tiles.plan(tile, depth, splits)
                : Tiles.choose(gpu.properties(), parts, m, n, depth, whole, partial);
    }

    /** A launch of a kernel that is bound by bytes, its arguments still to come. */
    KernelOp launch(KernelFacts kernel, Geometry geometry) {
        return new KernelOp(gpu, kernel, geometry, 0);
    }

    /** As above, of as many blocks as cover so many of what the kernel's tile counts. */
    KernelOp launch(String name, long size) {
        KernelFacts kernel = gpu.kernel(name);
        return launch(kernel, kernel.grid(kernel.blocks(size), 1));
    }

    @Override
    public Linear linear(Linear.Spec spec, Weights... parts) {
        return vendor != null ? vendor.linear(spec, parts) : new CudaLinear(this, spec, parts);
    }

    @Override
    public Conv2d conv2d(Conv2d.Spec spec, Weights weights) {
        if (vendor != null) {
            return vendor.conv2d(spec, weights);
        }
        if (spec.kernel() == 1) {
            return new CudaPointwiseConv(this, spec, weights);
        }
        var conv = new CudaConv2d(this, spec, weights);
        return CudaFusedConv.fits(this, spec) ? new CudaFusedConv(this, spec, conv) : conv;
    }

    @Override
    public ResidualConv2d residualConv2d(ResidualConv2d.Spec spec, Weights weights, Weights shortcut) {
        return vendor != null ? super.residualConv2d(spec, weights, shortcut)
                : new CudaConv2d(this, spec, weights, shortcut);
    }

    @Override
    public GroupNorm groupNorm(GroupNorm.Spec spec, Weights weights) {
        return new CudaNorms.Group(this, spec, weights);
    }

    @Override
    public LayerNorm layerNorm(LayerNorm.Spec spec, Weights weights) {
        return new CudaNorms.Layer(this, spec, weights);
    }

    @Override
    public RmsNorm rmsNorm(RmsNorm.Spec spec, Weights weights) {
        return new CudaRmsNorm(this, spec, weights);
    }

    @Override
    public Attention attention(Attention.Spec spec) {
        return new CudaAttention(this, spec);
    }

    @Override
    public Embedding embedding(Embedding.Spec spec, Weights weights) {
        return new CudaEmbeddings.Token(this, spec, weights);
    }

    @Override
    public Diffusion diffusion(Tensor table) {
        return new CudaDiffusion(this, table);
    }

    @Override
    public Tensor activation(Activation function, Tensor x) {
        requireElementwise(function, x);
        return CudaElementwise.activation(this, function, x);
    }

    @Override
    public Tensor product(Tensor a, Tensor b) {
        requireAlike(a, b);
        return CudaElementwise.product(this, a, b);
    }

    @Override
    protected void copyTokens(Tensor x, int from, Tensor y, int to, int count) {
        CudaTokens.copy(this, x, from, y, to, count);
    }

    @Override
    public Tensor biasedAttention(Tensor q, Tensor k, Tensor v, Tensor bias) {
        return CudaTokens.biasedAttention(this, q, k, v, bias, attended(q, k, v, bias));
    }

    @Override
    public Tensor gather(Tensor x, Tensor index) {
        return CudaElementwise.gather(this, x, index, gathered(x, index));
    }

    @Override
    public Tensor timestepEmbedding(Tensor times, int width, boolean cosineFirst, float shift) {
        return CudaEmbeddings.time(this, times, embedded(times, width), cosineFirst, shift);
    }

    @Override
    public Tensor adaptiveNorm(Tensor x, Tensor shift, Tensor scale, float epsilon) {
        requirePerImage(x, shift, scale);
        return CudaAdaptive.norm(this, x, shift, scale, epsilon);
    }

    @Override
    public Tensor gatedSum(Tensor x, Tensor gate, Tensor z) {
        requireGated(x, gate, z);
        return CudaAdaptive.gatedSum(this, x, gate, z);
    }

    @Override
    public Tensor swapAxes(Tensor x) {
        return CudaElementwise.swapAxes(this, x, swapped(x));
    }

    @Override
    public Tensor affine(Tensor x, double shift, double factor) {
        requireFloats(x);
        return CudaElementwise.affine(this, x, shift, factor);
    }

    /** With 16 of Stable Diffusion's, its 8 × 8 maps are 1024 rows: a large card's products are no longer too small. */
    @Override
    public int latentPixelsABatch() {
        return 16 * 64 * 64;
    }

    @Override
    public int latentPixelsAtLeast() {
        return latentPixelsABatch();
    }

    @Override
    public long activationCapacity() {
        return arena.bytes() + gpu.freeBytes();
    }

    @Override
    public Tensor tensor(DType type, int... shape) {
        long bytes = bytes(type, shape);
        long address = gpu.allocate(bytes, Gpu.Use.WEIGHTS);
        gpu.zero(address, bytes);
        return Tensor.over(Storage.persistent(address, bytes), type, shape);
    }

    @Override
    public void release(Tensor tensor) {
        gpu.free(tensor.storage().address());
    }

    @Override
    public void write(Tensor destination, float[] values) {
        requireFits(holdsFloats(destination), values.length, destination);
        transfers.write(destination, values);
    }

    /** As {@link #write}, but kernels that need the values have to wait for {@code done}. */
    void upload(Tensor destination, float[] values, CUevent done) {
        requireFits(holdsFloats(destination), values.length, destination);
        transfers.write(destination, values, done);
    }

    @Override
    public void write(Tensor destination, int[] values) {
        requireFits(destination.type() == DType.I32, values.length, destination);
        transfers.write(destination, values);
    }

    @Override
    public float[] read(Tensor source) {
        requireFloats(source);
        return transfers.read(source);
    }

    @Override
    public void copy(Tensor source, Tensor destination) {
        requireFits(source.isDense() && source.type() == destination.type(), source.elements(), destination);
        gpu.copy(destination.address(), source.address(), source.elements() * source.type().bytes());
    }

    @Override
    public void synchronize() {
        gpu.synchronize();
    }

    /** Fills the memory of activations with zeros, so that a kernel can be run alone. */
    public void clearArena(long bytes) {
        gpu.zero(arena.reserve(bytes), bytes);
    }

    @Override
    protected Arena arena() {
        return arena;
    }

    /**
     * One by one where weights are read between the launches; with CUDA_LAUNCH_BLOCKING=1, too, so that a launch that
     * fails is named.
     */
    @Override
    protected Graph.Program compile(List<Op> ops) {
        Graph.Program oneByOne = super.compile(ops);
        if ("1".equals(System.getenv("CUDA_LAUNCH_BLOCKING"))
                || ops.stream().anyMatch(KernelWeights.Arrival.class::isInstance)) {
            return oneByOne;
        }
        if (vendor != null) {
            oneByOne.run();     // what the libraries load and allocate at first use, they may not within a capture
        }
        return new CapturedProgram(gpu, ops);
    }

    /** The vectors {@code name} of several weights, one behind the other, in float32: [1, size]. */
    Tensor parameters(String name, int size, Weights... parts) {
        return parameters(floats(name, parts, size / parts.length), parts);
    }

    /** [1, N] float32. */
    Tensor parameters(float[] values, Weights... owners) {
        Tensor vector = tensor(DType.F32, 1, values.length);
        write(vector, values);
        return named(vector, owners);
    }

    /** The tensors {@code name} of several weights, each of {@code shape}, one behind the other. */
    static float[] floats(String name, Weights[] parts, int... shape) {
        int elements = parts.length;
        for (int dim : shape) {
            elements = Math.multiplyExact(elements, dim);
        }
        float[] values = new float[elements];
        FloatBuffer buffer = FloatBuffer.wrap(values);
        for (Weights part : parts) {
            part.require(name, shape);
            part.read(name, buffer);
        }
        return values;
    }

    @Override
    public void close() {
        if (vendor != null) {
            vendor.close();
        }
        arena.close();
        gpu.close();
    }
}
