package org.diffusionclassifier.device;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.WeakHashMap;
import java.util.function.Consumer;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.Weights;

/**
 * What devices have in common: the recording at work, tensors in the arena, and the checks of what is copied. For a
 * device's own layers; a network sees {@link Device}.
 */
public abstract class RecordingDevice implements Device {

    private final Map<Storage, String> layers = new WeakHashMap<>();
    private boolean checksFinite;
    private Graph.Recorder recorder;

    @Override
    public final void checkFinite() {
        checksFinite = true;
    }

    final boolean checksFinite() {
        return checksFinite;
    }

    /** Notes whose parameters a persistent tensor holds, by which the operations that read it are named. */
    protected final Tensor named(Tensor parameters, Weights... owners) {
        layers.put(parameters.storage(), owners[0].path());
        return parameters;
    }

    /** The layer that an operation belongs to, by the name of its weights; null if it reads none that have one. */
    final String layerOf(Op op) {
        return op.reads().stream().map(tensor -> layers.get(tensor.storage())).filter(Objects::nonNull).findFirst()
                .orElse(null);
    }

    /** The arena that all graphs of this device share. */
    protected abstract Arena arena();

    /** Makes of operations whose operands have their addresses what runs them. */
    protected Graph.Program compile(List<Op> ops) {
        return () -> {
            for (int i = 0; i < ops.size(); i++) {
                ops.get(i).run();
            }
        };
    }

    @Override
    public final Graph record(Consumer<Graph.Recorder> forward) {
        if (recorder != null) {
            throw new IllegalStateException("a graph is being recorded already");
        }
        recorder = new Graph.Recorder();
        try {
            forward.accept(recorder);
            return recorder.finish(this);
        } catch (RuntimeException e) {
            recorder.abandon();
            throw e;
        } finally {
            recorder = null;
        }
    }

    /** Adds an operation to the recording at work. */
    public final void add(Op op) {
        recording().add(op);
    }

    /** Adds an operation to the recording at work, ahead of others: {@link Graph.Recorder#addAhead}. */
    public final void addAhead(Op op) {
        recording().addAhead(op);
    }

    private Graph.Recorder recording() {
        if (recorder == null) {
            throw new IllegalStateException("a layer's forward is called outside of Device.record");
        }
        return recorder;
    }

    /** A tensor in the arena, of the device's type. */
    public final Tensor activations(int... shape) {
        return activations(dtype(), shape);
    }

    /** A tensor in the arena. */
    public final Tensor activations(DType type, int... shape) {
        return Tensor.over(Storage.planned(bytes(type, shape)), type, shape);
    }

    /** Size of a dense tensor. */
    protected static long bytes(DType type, int... shape) {
        long bytes = type.bytes();
        for (int dim : shape) {
            bytes = Math.multiplyExact(bytes, dim);
        }
        return bytes;
    }

    /** @throws IllegalArgumentException unless x is dense tokens [B, L, C] and each of {@code rows} is [B, C] */
    protected static void requirePerImage(Tensor x, Tensor... rows) {
        for (Tensor row : rows) {
            if (x.rank() != 3 || !x.isDense() || row.rank() != 2 || row.dim(0) != x.dim(0) || row.width() != x.width()) {
                throw new IllegalArgumentException(row + " for the images of " + x);
            }
        }
    }

    /** @throws IllegalArgumentException unless x and z are dense tokens of one shape and gate has a row an image */
    protected static void requireGated(Tensor x, Tensor gate, Tensor z) {
        requirePerImage(x, gate);
        if (!z.isDense() || z.type() != x.type() || !Arrays.equals(z.shape(), x.shape())) {
            throw new IllegalArgumentException("gated sum of " + x + " and " + z);
        }
    }

    /** @throws IllegalArgumentException unless both are dense, of the device's type and of one shape */
    protected final void requireAlike(Tensor a, Tensor b) {
        if (!a.isDense() || !b.isDense() || a.type() != dtype() || b.type() != dtype()
                || !Arrays.equals(a.shape(), b.shape())) {
            throw new IllegalArgumentException("product of " + a + " and " + b);
        }
    }

    /** @throws IllegalArgumentException unless both are tokens of the device's type, of as many images and channels */
    @Override
    public final Tensor joinTokens(Tensor first, Tensor second) {
        boolean tokens = first.rank() == 3 && second.rank() == 3 && first.type() == dtype() && second.type() == dtype();
        if (!tokens || first.dim(0) != second.dim(0) || first.width() != second.width()) {
            throw new IllegalArgumentException("tokens of " + first + " and " + second);
        }
        Tensor y = activations(first.dim(0), first.dim(1) + second.dim(1), first.width());
        copyTokens(first, 0, y, 0, first.dim(1));
        copyTokens(second, 0, y, first.dim(1), second.dim(1));
        return y;
    }

    /** @throws IllegalArgumentException unless x is dense tokens of the device's type, and has those that are asked for */
    @Override
    public final Tensor someTokens(Tensor x, int from, int count) {
        if (x.rank() != 3 || !x.isDense() || x.type() != dtype() || from < 0 || count < 1 || from + count > x.dim(1)) {
            throw new IllegalArgumentException("tokens " + from + " + " + count + " of " + x);
        }
        Tensor y = activations(x.dim(0), count, x.width());
        copyTokens(x, from, y, 0, count);
        return y;
    }

    /**
     * Records that tokens {@code from} to {@code from + count} of each image of x become those of y from {@code to} on.
     *
     * @param x [B, Lx, C], rows any distance apart
     * @param y [B, Ly, C], dense
     */
    protected abstract void copyTokens(Tensor x, int from, Tensor y, int to, int count);

    /**
     * Shape of {@link #biasedAttention}'s result.
     *
     * @throws IllegalArgumentException unless all are tokens of one shape, and the bias is one for them
     */
    protected final int[] attended(Tensor q, Tensor k, Tensor v, Tensor bias) {
        boolean alike = q.rank() == 3 && q.type() == dtype() && Arrays.equals(q.shape(), k.shape())
                && Arrays.equals(q.shape(), v.shape()) && k.type() == q.type() && v.type() == q.type();
        if (!alike || bias.type() != DType.F32 || bias.rank() != 3 || !bias.isDense() || q.width() % bias.dim(0) != 0
                || bias.dim(1) != q.dim(1) || bias.dim(2) != q.dim(1)) {
            throw new IllegalArgumentException("attention of " + q + ", " + k + ", " + v + " with a bias of " + bias);
        }
        return q.shape();
    }

    /** @throws IllegalArgumentException unless x is dense and the function is one of single numbers */
    protected static void requireElementwise(Activation function, Tensor x) {
        if (!x.isDense() || function == Activation.NONE || function == Activation.GEGLU) {
            throw new IllegalArgumentException(function + " of " + x);
        }
    }

    /**
     * Shape of {@link #gather}'s result.
     *
     * @throws IllegalArgumentException unless x is of the device's type and the index one dimension of int32
     */
    protected final int[] gathered(Tensor x, Tensor index) {
        if (x.type() != dtype() || index.rank() != 1 || index.type() != DType.I32) {
            throw new IllegalArgumentException("gather of " + x + " by " + index);
        }
        int[] shape = x.shape();
        shape[0] = index.dim(0);
        return shape;
    }

    /**
     * Shape of {@link #timestepEmbedding}'s result.
     *
     * @throws IllegalArgumentException unless the timesteps have one dimension and the width is even
     */
    protected static int[] embedded(Tensor timesteps, int width) {
        if (timesteps.rank() != 1 || width % 2 != 0) {
            throw new IllegalArgumentException("embedding of timesteps " + timesteps + " in " + width + " columns");
        }
        return new int[] {timesteps.dim(0), width};
    }

    /**
     * Shape of {@link #swapAxes}' result.
     *
     * @throws IllegalArgumentException unless x is dense, of four dimensions and holds floats
     */
    protected final int[] swapped(Tensor x) {
        if (x.rank() != 4 || !x.isDense() || !holdsFloats(x)) {
            throw new IllegalArgumentException("swap of the axes of " + x);
        }
        return new int[] {x.dim(0), x.dim(2), x.dim(1), x.dim(3)};
    }

    /** @throws IllegalArgumentException unless x holds floats */
    protected final void requireFloats(Tensor x) {
        if (!holdsFloats(x)) {
            throw new IllegalArgumentException("floats expected, found " + x);
        }
    }

    /** Floats go into tensors of float32 and of the device's type, and come from them. */
    protected final boolean holdsFloats(Tensor tensor) {
        return tensor.type() == DType.F32 || tensor.type() == dtype();
    }

    /** @throws IllegalArgumentException unless the type fits and {@code tensor} is dense with so many elements */
    protected static void requireFits(boolean typeFits, long elements, Tensor tensor) {
        if (!typeFits || !tensor.isDense() || tensor.elements() != elements) {
            throw new IllegalArgumentException(elements + " values of another type or number for " + tensor);
        }
    }
}
