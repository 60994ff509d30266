package org.diffusionclassifier.device.cuda;

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
 * A kernel launch with its arguments fixed. They lie in a direct buffer, eight bytes each, so that a launch neither
 * copies nor pins anything of the Java heap.
 */
final class KernelOp implements Op {

    /** Grid and block of a launch. */
    record Geometry(int gridX, int gridY, int gridZ, int block, int sharedBytes) {

        /** Without dynamic shared memory. */
        static Geometry of(long gridX, int gridY, int block) {
            return new Geometry(Math.toIntExact(gridX), gridY, 1, block, 0);
        }

        static long ceilDiv(long a, long b) {
            return (a + b - 1) / b;
        }
    }

    private static final int SLOT = Long.BYTES;

    private final Gpu gpu;
    private final String kernel;
    private final Geometry geometry;
    private final long flops;
    private final CUfunction function;
    private final List<Tensor> reads = new ArrayList<>();
    private final List<Tensor> writes = new ArrayList<>();
    private final List<Object> arguments = new ArrayList<>();
    private ByteBuffer values;
    private Pointer pointers;

    KernelOp(Gpu gpu, String kernel, Geometry geometry, long flops) {
        this.gpu = gpu;
        this.kernel = kernel;
        this.geometry = geometry;
        this.flops = flops;
        this.function = gpu.function(kernel, geometry.sharedBytes());
    }

    /** The next argument: a tensor that is read, or null. */
    KernelOp in(Tensor tensor) {
        if (tensor != null) {
            reads.add(tensor);
        }
        return add(tensor == null ? 0L : tensor);
    }

    /** The next argument: a tensor that is written, or null. */
    KernelOp out(Tensor tensor) {
        if (tensor != null) {
            writes.add(tensor);
        }
        return add(tensor == null ? 0L : tensor);
    }

    /** The next arguments: Integer for int, Float for float, Double for double, Long for long long, Boolean for int. */
    KernelOp with(Object... scalars) {
        for (Object scalar : scalars) {
            add(scalar instanceof Boolean flag ? flag ? 1 : 0 : scalar);
        }
        return this;
    }

    private KernelOp add(Object argument) {
        arguments.add(argument);
        return this;
    }

    @Override
    public void bind() {
        if (values == null) {
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
        int result = cuLaunchKernel(function, geometry.gridX, geometry.gridY, geometry.gridZ, geometry.block, 1, 1,
                geometry.sharedBytes, gpu.stream(), pointers, null);
        if (result != 0) {
            gpu.check(result, name());
        }
    }

    @Override
    public String name() {
        return kernel + " <<<(" + geometry.gridX + ", " + geometry.gridY + ", " + geometry.gridZ + "), "
                + geometry.block + ", " + geometry.sharedBytes + ">>>";
    }

    String kernel() {
        return kernel;
    }

    Geometry geometry() {
        return geometry;
    }

    /** The arguments in order: tensors by their shapes, {@code →} before the first that is written, and scalars. */
    String operands() {
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
