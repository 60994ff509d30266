package org.diffusionclassifier.device;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.InputException;

/**
 * The recorded operations of a forward pass at one batch shape, with their memory planned. Made by
 * {@link Device#record}; not for use by two threads at once, nor while another graph of the device runs.
 */
public final class Graph implements AutoCloseable {

    /** The operations in the form in which a device runs them, for memory that stays where it is. */
    @FunctionalInterface
    public interface Program extends AutoCloseable {
        void run();

        @Override
        default void close() {
        }
    }

    private final RecordingDevice device;
    private final List<Op> ops;
    private final Set<Storage> kept;
    private final ArenaPlan plan;
    private long boundTo;
    private Program program;

    private Graph(RecordingDevice device, List<Op> ops, Set<Storage> kept) {
        this.device = device;
        this.ops = List.copyOf(ops);
        this.kept = Set.copyOf(kept);
        this.plan = new ArenaPlan(ops, kept);
    }

    /**
     * Executes every operation in order; kept tensors then hold their values until another graph runs.
     *
     * @throws InputException if the device {@linkplain Device#checkFinite checks} what layers write, and it is not finite
     */
    public void run() {
        if (device.checksFinite()) {
            firstNotFinite().ifPresent(found -> {
                throw new InputException(found.toString());
            });
            return;
        }
        place();
        if (program == null) {
            program = device.compile(ops);
        }
        program.run();
    }

    /**
     * Executes every operation, and after each reads what it wrote for others; slow. Partial results, which only the
     * device knows how to read, are left out.
     *
     * @return the first that wrote what is not finite; empty if there is none, and everything was executed
     */
    public Optional<NotFinite> firstNotFinite() {
        place();
        Set<Storage> results = new HashSet<>(kept);
        ops.forEach(op -> op.reads().forEach(tensor -> results.add(tensor.storage())));
        String behind = "";
        for (Op op : ops) {
            op.run();
            String layer = device.layerOf(op);
            var found = NotFinite.in(device, op, layer != null ? layer : behind,
                    numbers(op.reads()), numbers(op.writes()).stream()
                            .filter(tensor -> results.contains(tensor.storage())).toList());
            if (found != null) {
                return Optional.of(found);
            }
            behind = layer != null ? "behind " + layer : behind;
        }
        return Optional.empty();
    }

    private List<Tensor> numbers(List<Tensor> tensors) {
        return tensors.stream().filter(tensor -> tensor.type() == device.dtype() || tensor.type() == DType.F32
                && (tensor.storage().isPersistent() || kept.contains(tensor.storage()))).toList();
    }

    /** Gives the activations their memory, so that an operation can be run by itself; {@link #run} does so too. */
    public void place() {
        long address = device.arena().reserve(plan.bytes());
        if (address != boundTo) {
            if (program != null) {
                program.close();
                program = null;
            }
            plan.offsets().forEach((storage, offset) -> storage.place(address + offset));
            ops.forEach(Op::bind);
            boundTo = address;
        }
    }

    public List<Op> ops() {
        return ops;
    }

    /** Bytes of activations at the widest point, which is what the graph takes of the arena. */
    public long arenaBytes() {
        return plan.bytes();
    }

    /** Multiplications and additions of one run. */
    public long flops() {
        return ops.stream().mapToLong(Op::flops).sum();
    }

    @Override
    public void close() {
        if (program != null) {
            program.close();
        }
        ops.forEach(Op::close);
    }

    /** Collects operations while a forward pass is recorded. A device holds at most one at a time. */
    public static final class Recorder {

        private final List<Op> ops = new ArrayList<>();
        private final Set<Storage> kept = new HashSet<>();
        private int ahead;

        public void add(Op op) {
            ops.add(op);
        }

        /**
         * Adds an operation that fetches what the next one added needs, and takes its time without keeping others from
         * running: it goes before the one that needs what was last fetched so, to be under way meanwhile.
         */
        public void addAhead(Op op) {
            ops.add(ahead, op);
            ahead = ops.size();
        }

        /** The tensor is to be read after the run: nothing may take its place. */
        public void keep(Tensor tensor) {
            kept.add(tensor.storage());
        }

        Graph finish(RecordingDevice device) {
            return new Graph(device, ops, kept);
        }

        /** Releases what was recorded so far, when recording fails. */
        public void abandon() {
            ops.forEach(Op::close);
        }
    }
}
