package org.diffusionclassifier.device.cpu;

import java.util.List;
import org.bytedeco.javacpp.Pointer;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.device.cpu.dnnl.NativeMemory;

/**
 * Rows that stand apart, as columns of a wider tensor do, put side by side. oneDNN's fast convolutions take no strided
 * addend: with one, it falls back to its reference implementation, a hundred times as slow.
 */
final class CpuRows extends HostOp {

    private final Tensor x;
    private final Tensor y;
    private Pointer[] sources;
    private Pointer[] destinations;

    private CpuRows(Tensor x, Tensor y) {
        super("rows of " + x, List.of(x), List.of(y));
        this.x = x;
        this.y = y;
    }

    /** x itself if it is dense, else a copy that is. */
    static Tensor dense(CpuDevice device, Tensor x) {
        if (x.isDense()) {
            return x;
        }
        Tensor y = device.activations(x.type(), x.shape());
        device.add(new CpuRows(x, y));
        return y;
    }

    @Override
    public void bind() {
        sources = pointers(x);
        destinations = pointers(y);
    }

    private static Pointer[] pointers(Tensor tensor) {
        var pointers = new Pointer[tensor.rows()];
        for (int i = 0; i < pointers.length; i++) {
            pointers[i] = NativeMemory.at(tensor.address() + (long) i * tensor.rowStride() * tensor.type().bytes());
        }
        return pointers;
    }

    @Override
    public void run() {
        long bytes = (long) x.width() * x.type().bytes();
        for (int i = 0; i < sources.length; i++) {
            Pointer.memcpy(destinations[i], sources[i], bytes);
        }
    }
}
