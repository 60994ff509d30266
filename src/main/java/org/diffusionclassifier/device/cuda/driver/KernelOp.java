package org.diffusionclassifier.device.cuda.driver;

import static jcuda.driver.JCudaDriver.cuLaunchKernel;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import jcuda.Pointer;
import jcuda.driver.CUfunction;
import org.diffusionclassifier.device.Op;
import org.diffusionclassifier.device.Tensor;

/**
 * A kernel launch with its arguments fixed, each checked against what {@link KernelFacts} says. They lie in a direct
 * buffer, eight bytes each, so that a launch neither
 * copies nor pins anything of the Java heap.
 */
public final class KernelOp implements Op {

    private static final int SLOT = Long.BYTES;
    /** Of {@link #moving}: each operand once. */
    private static final long ALL = -1;

    private final Gpu gpu;
    private final KernelFacts kernel;
    private final Geometry geometry;
    private final long flops;
    private final CUfunction function;
    private final List<Tensor> reads = new ArrayList<>();
    private final List<Tensor> writes = new ArrayList<>();
    private final List<Object> arguments = new ArrayList<>();
    private ByteBuffer values;
    private Pointer pointers;
    private long moved = ALL;

    /**
     * @param flops multiplications and additions of the result; 0 for a kernel that is bound by bytes
     * @throws IllegalArgumentException unless the kernel has such blocks
     */
    public KernelOp(Gpu gpu, KernelFacts kernel, Geometry geometry, long flops) {
        kernel.require(geometry, gpu.properties());
        this.gpu = gpu;
        this.kernel = kernel;
        this.geometry = geometry;
        this.flops = flops;
        this.function = gpu.function(kernel.kernel(), geometry.sharedBytes());
    }

    /**
     * The next argument: a tensor that is read, or null.
     *
     * @throws IllegalArgumentException unless the next parameter takes it
     */
    public KernelOp in(Tensor tensor) {
        kernel.require(arguments.size(), tensor, false);
        if (tensor != null) {
            reads.add(tensor);
        }
        return add(tensor == null ? 0L : tensor);
    }

    /**
     * The next argument: a tensor that is written, or null.
     *
     * @throws IllegalArgumentException unless the next parameter takes it
     */
    public KernelOp out(Tensor tensor) {
        kernel.require(arguments.size(), tensor, true);
        if (tensor != null) {
            writes.add(tensor);
        }
        return add(tensor == null ? 0L : tensor);
    }

    /** Says how many bytes it moves, where that is not each of its tensors once. */
    public KernelOp moving(long bytes) {
        moved = bytes;
        return this;
    }

    @Override
    public long bytes() {
        return moved == ALL ? Op.super.bytes() : moved;
    }

    /**
     * The next arguments: integers for int, floats for float, doubles for double.
     *
     * @throws IllegalArgumentException unless the next parameters take them
     */
    public KernelOp with(Number... scalars) {
        for (Number scalar : scalars) {
            kernel.require(arguments.size(), scalar);
            add(scalar);
        }
        return this;
    }

    /** The next argument: an int that says yes or no. */
    public KernelOp with(boolean flag) {
        return with(flag ? 1 : 0);
    }

    private KernelOp add(Object argument) {
        arguments.add(argument);
        return this;
    }

    @Override
    public void bind() {
        if (values == null) {
            kernel.requireArguments(arguments.size());
            values = ByteBuffer.allocateDirect(SLOT * arguments.size()).order(ByteOrder.nativeOrder());
            Pointer start = Pointer.to(values);
            Pointer[] slots = new Pointer[arguments.size()];
            for (int i = 0; i < slots.length; i++) {
                slots[i] = start.withByteOffset((long) SLOT * i);
            }
            pointers = Pointer.to(slots);
        }
        for (int i = 0; i < arguments.size(); i++) {
            Object argument = arguments.get(i);
            if (argument instanceof Tensor tensor) {
                values.putLong(SLOT * i, tensor.address());
            } else if (argument instanceof Integer number) {
                values.putInt(SLOT * i, number);
            } else if (argument instanceof Float number) {
                values.putFloat(SLOT * i, number);
            } else if (argument instanceof Double number) {
                values.putDouble(SLOT * i, number);
            } else {
                values.putLong(SLOT * i, (Long) argument);
            }
        }
    }

    @Override
    public void run() {
        gpu.enter();
        int result = cuLaunchKernel(function, geometry.gridX(), geometry.gridY(), geometry.gridZ(),
                geometry.block(), 1, 1, geometry.sharedBytes(), gpu.stream(), pointers, null);
        if (result != 0) {
            gpu.check(result, name());
        }
    }

    @Override
    public String name() {
        return kernel.kernel() + " <<<(" + geometry.gridX() + ", " + geometry.gridY() + ", " + geometry.gridZ() + "), "
                + geometry.block() + ", " + geometry.sharedBytes() + ">>>";
    }

    public KernelFacts kernel() {
        return kernel;
    }

    public Geometry geometry() {
        return geometry;
    }

    /** The arguments in order: tensors by their shapes, {@code →} before the first that is written, and scalars. */
    public String operands() {
        var text = new StringBuilder();
        for (Object argument : arguments) {
            if (argument instanceof Tensor tensor) {
                text.append(writes.contains(tensor) && text.indexOf("→") < 0 ? "→ " : "").append(tensor).append(' ');
            }
        }
        return text.toString().strip();
    }

    @Override
    public List<Tensor> reads() {
        return reads;
    }

    @Override
    public List<Tensor> writes() {
        return writes;
    }

    @Override
    public long flops() {
        return flops;
    }
}
