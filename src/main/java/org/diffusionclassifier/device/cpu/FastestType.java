package org.diffusionclassifier.device.cpu;

import static org.bytedeco.dnnl.global.dnnl.*;
import static org.diffusionclassifier.device.cpu.dnnl.OneDnn.check;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_primitive_desc;
import org.diffusionclassifier.device.cpu.dnnl.Descriptors;
import org.diffusionclassifier.device.cpu.dnnl.NativeMemory;
import org.diffusionclassifier.device.cpu.dnnl.OneDnn;
import org.diffusionclassifier.device.cpu.dnnl.Primitive;
import org.diffusionclassifier.tensor.DType;

/**
 * The type that this processor multiplies matrices in the fastest, found out by multiplying one pair of a UNet's size in
 * each, once a process. A processor with bfloat16 of its own takes about half the time. One that converts to float32
 * has the same products to make, and the conversion. The bound lies between, so that the answer is the same every time.
 */
final class FastestType {

    /** x [256, 640] times W [640, 640]: 0.2 GFLOP, a millisecond or two. */
    private static final int ROWS = 256;
    private static final int WIDTH = 640;

    /** The fastest run of so many counts, after one that is not counted. */
    private static final int RUNS = 5;

    /** How much of float32's time bfloat16 may take to be chosen: errors in float32 are the finer ones. */
    private static final double MOST = 0.8;

    private FastestType() {
    }

    /** Made when it is first asked for. */
    private static final class Found {

        private static final DType TYPE = CpuDevice.computesBfloat16() ? find() : DType.F32;
    }

    static DType get() {
        return Found.TYPE;
    }

    private static DType find() {
        try (var oneDnn = new OneDnn();
             var inF32 = new Product(oneDnn, DType.F32);
             var inBf16 = new Product(oneDnn, DType.BF16)) {
            inF32.nanos();
            inBf16.nanos();
            long f32 = Long.MAX_VALUE;
            long bf16 = Long.MAX_VALUE;
            for (int i = 0; i < RUNS; i++) {    // in turns, so that another program slows both
                f32 = Math.min(f32, inF32.nanos());
                bf16 = Math.min(bf16, inBf16.nanos());
            }
            return faster(f32, bf16);
        }
    }

    /** @param f32 what a product took in float32, in any unit; {@code bf16} in bfloat16 */
    static DType faster(long f32, long bf16) {
        return bf16 <= MOST * f32 ? DType.BF16 : DType.F32;
    }

    /** A product of two matrices of zeros, which take as long as any others. */
    private static final class Product implements AutoCloseable {

        private final List<NativeMemory> matrices = new ArrayList<>();
        private final Primitive primitive;

        Product(OneDnn oneDnn, DType type) {
            try (var descriptors = new Descriptors()) {
                dnnl_memory_desc x = descriptors.dense(type, ROWS, WIDTH);
                dnnl_memory_desc y = descriptors.dense(type, ROWS, WIDTH);
                String name = "matmul in " + type;
                var descriptor = new dnnl_primitive_desc();
                check(dnnl_matmul_primitive_desc_create(descriptor, oneDnn.engine(), x,
                        descriptors.any(type, WIDTH, WIDTH), null, y, descriptors.attributes(descriptors.postOps())),
                        name);
                dnnl_memory_desc w =
                        Descriptors.copyOf(dnnl_primitive_desc_query_md(descriptor, dnnl_query_weights_md, 0));
                try {
                    primitive = new Primitive(oneDnn, name, descriptor);
                    operand(DNNL_ARG_SRC, x);
                    operand(DNNL_ARG_WEIGHTS, w);
                    operand(DNNL_ARG_DST, y);
                    primitive.placeScratchpad(zeros(primitive.scratchpadBytes()));
                } finally {
                    dnnl_memory_desc_destroy(w);
                }
            }
        }

        private void operand(int slot, dnnl_memory_desc desc) {
            primitive.operand(slot, desc).place(slot, zeros(dnnl_memory_desc_get_size(desc)));
        }

        private long zeros(long bytes) {
            var memory = NativeMemory.zeroed(bytes);
            matrices.add(memory);
            return memory.address();
        }

        /** How long it takes. */
        long nanos() {
            long start = System.nanoTime();
            primitive.run();
            return System.nanoTime() - start;
        }

        @Override
        public void close() {
            primitive.close();
            matrices.forEach(NativeMemory::close);
        }
    }
}
