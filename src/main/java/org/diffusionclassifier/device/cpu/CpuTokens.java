package org.diffusionclassifier.device.cpu;

import java.util.List;
import org.bytedeco.javacpp.Pointer;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.device.cpu.dnnl.NativeMemory;

/**
 * Some tokens of each image of a tensor copied to a place among another's: the two streams of a joint attention are put
 * together by it and taken apart again.
 */
final class CpuTokens extends HostOp {

    private final Tensor x;
    private final int from;
    private final Tensor y;
    private final int to;
    private final int count;
    private final int copies;
    private final long bytes;
    private Pointer[] sources;
    private Pointer[] destinations;

    /**
     * @param x [B, Lx, C], rows any distance apart; its tokens {@code from} to {@code from + count} are copied
     * @param y [B, Ly, C], dense; they become its tokens from {@code to} on
     */
    CpuTokens(Tensor x, int from, Tensor y, int to, int count) {
        super("tokens of " + x, List.of(x), List.of(y));
        this.x = x;
        this.from = from;
        this.y = y;
        this.to = to;
        this.count = count;
        this.copies = x.isDense() ? 1 : count;
        this.bytes = (long) count / copies * x.width() * x.type().bytes();
    }

    @Override
    public void bind() {
        sources = pointers(x, from);
        destinations = pointers(y, to);
    }

    /** Where each copy starts: an image's tokens at once if they are dense, else token by token. */
    private Pointer[] pointers(Tensor tensor, int first) {
        var pointers = new Pointer[tensor.dim(0) * copies];
        for (int i = 0; i < pointers.length; i++) {
            long row = (long) i / copies * tensor.dim(1) + first + i % copies;
            pointers[i] = NativeMemory.at(tensor.address() + row * tensor.rowStride() * tensor.type().bytes());
        }
        return pointers;
    }

    @Override
    public void run() {
        for (int i = 0; i < sources.length; i++) {
            Pointer.memcpy(destinations[i], sources[i], bytes);
        }
    }
}
