package org.diffusionclassifier.device.cuda.study;

import static jcuda.driver.JCudaDriver.*;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdevice_attribute;
import jcuda.driver.CUevent;
import org.diffusionclassifier.device.Op;
import org.diffusionclassifier.device.Storage;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.device.cuda.driver.CapturedProgram;
import org.diffusionclassifier.device.cuda.driver.Gpu;

/**
 * Operations timed on a card. They are captured many times over in one CUDA graph, so that what the host takes for a
 * launch is not measured; between two of them lies what the card takes to begin the next, about a microsecond.
 *
 * <p>Run again and again on the same operands, they would find these in the L2 cache: 50 MB of an H100's. Cold timings
 * have copies of all operands, in turn: as many as repetitions, or more than twice what the cache holds; and before each
 * graph the cache is filled with something else.
 */
final class RepeatedLaunch {

    /** What a graph is to take, so that an event's resolution of half a microsecond does not matter. */
    private static final double SECONDS_A_GRAPH = 2e-3;
    private static final int MOST_REPETITIONS = 64;
    /** Graphs of which the median counts; one where a single run takes long, as on the emulated card. */
    private static final int GRAPHS = 5;
    private static final double LONG_RUN = 10e-3;
    private static final int ALIGNMENT = 256;

    private final Gpu gpu;
    private final List<Op> ops;
    /** Where operands are, to be there again afterwards. */
    private final Map<Storage, Long> home = new LinkedHashMap<>();
    private final long bytes;
    private final long cacheBytes;
    private final int repetitions;
    private final int graphs;

    /** @param ops with memory for their operands, which they have been bound to */
    RepeatedLaunch(Gpu gpu, List<Op> ops) {
        this.gpu = gpu;
        this.ops = List.copyOf(ops);
        ops.stream().flatMap(op -> Stream.concat(op.reads().stream(), op.writes().stream())).map(Tensor::storage)
                .forEach(storage -> home.put(storage, storage.address()));
        this.bytes = home.keySet().stream().mapToLong(RepeatedLaunch::aligned).sum();
        this.cacheBytes = cacheBytes();
        ops.forEach(Op::run);
        double once = timed(() -> ops.forEach(Op::run));
        this.repetitions = (int) Math.max(1, Math.min(MOST_REPETITIONS, SECONDS_A_GRAPH / once));
        this.graphs = once > LONG_RUN ? 1 : GRAPHS;
    }

    private long cacheBytes() {
        gpu.enter();
        var device = new CUdevice();
        gpu.check(cuCtxGetDevice(device), "cuCtxGetDevice");
        int[] size = new int[1];
        gpu.check(cuDeviceGetAttribute(size, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE, device),
                "cuDeviceGetAttribute");
        return size[0];
    }

    private static long aligned(Storage storage) {
        return (storage.bytes() + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }

    /** Seconds of the operations together, their operands where the repetition before has left them. */
    double warm() {
        return seconds(List.of(), 0);
    }

    /** Seconds of the operations together, with nothing of their operands in the cache. */
    double cold() {
        long enough = 2 * cacheBytes;
        int copies = (int) Math.min(repetitions, enough / bytes + 2);
        long memory = gpu.allocate(enough + copies * bytes, Gpu.Use.ACTIVATIONS);
        try {
            gpu.zero(memory, enough);
            var copied = new ArrayList<Map<Storage, Long>>();
            long address = memory + enough;
            for (int i = 0; i < copies; i++) {
                var addresses = new LinkedHashMap<Storage, Long>();
                for (Storage storage : home.keySet()) {
                    gpu.copy(address, storage.address(), storage.bytes());
                    addresses.put(storage, address);
                    address += aligned(storage);
                }
                copied.add(addresses);
            }
            return seconds(copied, memory);
        } finally {
            gpu.free(memory);
        }
    }

    /**
     * The median of some graphs.
     *
     * @param copies the operands' addresses in turn; none for those that they have
     * @param other  memory of twice the cache's size that is written before each graph; 0 for none
     */
    private double seconds(List<Map<Storage, Long>> copies, long other) {
        var repeated = new ArrayList<Op>();
        for (int i = 0; i < repetitions; i++) {
            repeated.add(new Repetition(copies.isEmpty() ? home : copies.get(i % copies.size())));
        }
        double[] seconds = new double[graphs];
        try (var program = new CapturedProgram(gpu, repeated)) {
            program.run();
            for (int i = 0; i < graphs; i++) {
                if (other != 0) {
                    gpu.zero(other, 2 * cacheBytes);
                }
                seconds[i] = timed(program::run);
            }
        } finally {
            place(home);
        }
        Arrays.sort(seconds);
        return seconds[graphs / 2] / repetitions;
    }

    private void place(Map<Storage, Long> addresses) {
        addresses.forEach(Storage::place);
        ops.forEach(Op::bind);
    }

    private double timed(Runnable work) {
        gpu.enter();
        var begin = new CUevent();
        var end = new CUevent();
        gpu.check(cuEventCreate(begin, 0), "cuEventCreate");
        gpu.check(cuEventCreate(end, 0), "cuEventCreate");
        try {
            gpu.check(cuEventRecord(begin, gpu.stream()), "cuEventRecord");
            work.run();
            gpu.check(cuEventRecord(end, gpu.stream()), "cuEventRecord");
            gpu.checkCompletion(cuEventSynchronize(end), "cuEventSynchronize");
            float[] milliseconds = new float[1];
            gpu.check(cuEventElapsedTime(milliseconds, begin, end), "cuEventElapsedTime");
            return milliseconds[0] * 1e-3;
        } finally {
            cuEventDestroy(begin);
            cuEventDestroy(end);
        }
    }

    /** The operations on operands at these addresses; to be captured. */
    private final class Repetition implements Op {

        private final Map<Storage, Long> addresses;

        private Repetition(Map<Storage, Long> addresses) {
            this.addresses = addresses;
        }

        @Override
        public void run() {
            place(addresses);
            ops.forEach(Op::run);
        }

        @Override
        public String name() {
            return ops.get(0).name();
        }

        @Override
        public List<Tensor> reads() {
            return List.of();
        }

        @Override
        public List<Tensor> writes() {
            return List.of();
        }
    }
}
