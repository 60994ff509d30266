package org.diffusionclassifier.device.cpu;

import java.util.List;
import org.bytedeco.javacpp.Pointer;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.device.cpu.dnnl.NativeMemory;

/** y[a, c, b] = x[a, b, c], a memory copy each. */
final class CpuSwapAxes extends HostOp {

    private final Tensor x;
    private final Tensor y;
    private Pointer[] sources;
    private Pointer[] destinations;

    /** @param y [A, C, B, W] for x [A, B, C, W], both dense */
    CpuSwapAxes(Tensor x, Tensor y) {
        super("swap axes " + x, List.of(x), List.of(y));
        this.x = x;
        this.y = y;
    }

    @Override
    public void bind() {
        sources = rows(x);
        destinations = rows(y);
    }

    private static Pointer[] rows(Tensor tensor) {
        var rows = new Pointer[tensor.rows()];
        for (int i = 0; i < rows.length; i++) {
            rows[i] = NativeMemory.at(tensor.address() + (long) i * tensor.width() * tensor.type().bytes());
        }
        return rows;
    }

    @Override
    public void run() {
        int b = x.dim(1);
        int c = x.dim(2);
        long bytes = (long) x.width() * x.type().bytes();
        for (int i = 0; i < sources.length; i++) {
            int a = i / (b * c);
            Pointer.memcpy(destinations[(a * c + i % c) * b + i / c % b], sources[i], bytes);
        }
    }
}
