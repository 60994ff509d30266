package org.diffusionclassifier.device.cpu;

import java.nio.IntBuffer;
import java.util.List;
import org.bytedeco.javacpp.Pointer;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.device.cpu.dnnl.NativeMemory;

/** y[i] = x[index[i]]: one memory copy an entry, or one a row where x is strided. */
final class CpuGather extends HostOp {

    private final Tensor x;
    private final Tensor index;
    private final Tensor y;
    private Pointer[] sources;
    private Pointer[] destinations;
    private IntBuffer indices;
    private final int copies;
    private final long copyBytes;

    CpuGather(Tensor x, Tensor index, Tensor y) {
        super("gather " + x + " by " + index, List.of(x, index), List.of(y));
        this.x = x;
        this.index = index;
        this.y = y;
        int rows = x.rows() / x.dim(0);
        this.copies = x.isDense() ? 1 : rows;
        this.copyBytes = (long) (x.isDense() ? rows : 1) * x.width() * x.type().bytes();
    }

    @Override
    public void bind() {
        indices = ints(index);
        sources = pointers(x);
        destinations = pointers(y);
    }

    /** Where each copy starts: entry after entry, and within each row after row if it takes more than one. */
    private Pointer[] pointers(Tensor tensor) {
        var pointers = new Pointer[tensor.dim(0) * copies];
        long step = (long) tensor.rows() / pointers.length * tensor.rowStride() * tensor.type().bytes();
        for (int i = 0; i < pointers.length; i++) {
            pointers[i] = NativeMemory.at(tensor.address() + i * step);
        }
        return pointers;
    }

    @Override
    public void run() {
        for (int i = 0; i < indices.capacity(); i++) {
            int from = indices.get(i);
            if (from < 0 || from >= x.dim(0)) {
                throw new IndexOutOfBoundsException(name() + ": entry " + from);
            }
            for (int row = 0; row < copies; row++) {
                Pointer.memcpy(destinations[i * copies + row], sources[from * copies + row], copyBytes);
            }
        }
    }
}
