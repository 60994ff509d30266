package org.diffusionclassifier.device.cpu;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.ShortBuffer;
import java.util.List;
import org.diffusionclassifier.device.Op;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.device.cpu.dnnl.NativeMemory;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.FloatFormats;

/** An operation in plain Java, for what oneDNN has no primitive for. */
abstract class HostOp implements Op {

    private final String name;
    private final List<Tensor> reads;
    private final List<Tensor> writes;

    HostOp(String name, List<Tensor> reads, List<Tensor> writes) {
        this.name = name;
        this.reads = reads;
        this.writes = writes;
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
        return writes;
    }

    /** A dense float32 tensor's elements; to be taken in {@link #bind}. */
    static FloatBuffer floats(Tensor dense) {
        return NativeMemory.buffer(dense.address(), dense.elements() * DType.F32.bytes()).asFloatBuffer();
    }

    /** A dense int32 tensor's elements; to be taken in {@link #bind}. */
    static IntBuffer ints(Tensor dense) {
        return NativeMemory.buffer(dense.address(), dense.elements() * DType.I32.bytes()).asIntBuffer();
    }

    /** Where an operation reads a tensor of the device's type as float32, by offset from its first element. */
    static final class Input {

        private final FloatBuffer floats;
        private final ShortBuffer bfloats;

        /** To be made in {@link #bind}. */
        Input(Tensor tensor) {
            long elements = (long) (tensor.rows() - 1) * tensor.rowStride() + tensor.width();
            ByteBuffer bytes = NativeMemory.buffer(tensor.address(), elements * tensor.type().bytes());
            floats = tensor.type() == DType.F32 ? bytes.asFloatBuffer() : null;
            bfloats = tensor.type() == DType.F32 ? null : bytes.asShortBuffer();
        }

        float get(int offset) {
            return floats != null ? floats.get(offset) : FloatFormats.fromBF16(bfloats.get(offset));
        }
    }

    /** Where an operation stores float32 values into a dense tensor of the device's type, rounding to nearest even. */
    static final class Output {

        private final Tensor tensor;
        private FloatBuffer floats;
        private ShortBuffer bfloats;

        Output(Tensor tensor) {
            this.tensor = tensor;
        }

        void bind() {
            if (tensor.type() == DType.F32) {
                floats = HostOp.floats(tensor);
            } else {
                bfloats = NativeMemory.buffer(tensor.address(), tensor.elements() * DType.BF16.bytes()).asShortBuffer();
            }
        }

        void put(int index, float value) {
            if (floats != null) {
                floats.put(index, value);
            } else {
                bfloats.put(index, FloatFormats.toBF16(value));
            }
        }
    }
}
