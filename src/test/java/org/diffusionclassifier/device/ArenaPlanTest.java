package org.diffusionclassifier.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.diffusionclassifier.tensor.DType;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@link ArenaPlan} against its promises, checked moment by moment over random sequences of operations. */
@Tag("device")
class ArenaPlanTest {

    private record FakeOp(String name, List<Tensor> reads, List<Tensor> writes) implements Op {
        @Override
        public void run() {
            throw new UnsupportedOperationException();
        }
    }

    private static Tensor activation(int bytes) {
        return Tensor.over(Storage.planned(bytes), DType.U8, bytes);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 10, 40, 200})
    void whatIsAliveNeverSharesBytes(int count) {
        for (int seed = 0; seed < 50; seed++) {
            var random = new SplittableRandom(seed);
            var ops = new ArrayList<Op>();
            var written = new ArrayList<Tensor>();
            for (int i = 0; i < count; i++) {
                var reads = new ArrayList<Tensor>();
                for (int r = random.nextInt(4); r > 0 && !written.isEmpty(); r--) {
                    // Mostly the latest results, as networks have it; sometimes one from long ago, a skip connection.
                    int back = random.nextInt(random.nextInt(8) == 0 ? written.size() : Math.min(3, written.size()));
                    reads.add(written.get(written.size() - 1 - back));
                }
                var writes = new ArrayList<Tensor>();
                for (int w = random.nextInt(3); w >= 0; w--) {
                    writes.add(activation(1 + random.nextInt(1000)));
                }
                if (random.nextInt(5) == 0 && !written.isEmpty()) {
                    writes.add(written.get(random.nextInt(written.size())));    // in place, or in parts
                }
                ops.add(new FakeOp("op " + i, reads, writes));
                written.addAll(writes);
            }
            Set<Storage> kept = new HashSet<>();
            for (int i = random.nextInt(3); i > 0; i--) {
                kept.add(written.get(random.nextInt(written.size())).storage());
            }
            check(ops, kept);
        }
    }

    private static void check(List<Op> ops, Set<Storage> kept) {
        var plan = new ArenaPlan(ops, kept);
        long widest = 0;
        long end = 0;
        for (int now = 0; now <= ops.size(); now++) {
            List<Storage> alive = alive(ops, kept, now);
            long bytes = 0;
            for (Storage a : alive) {
                long from = plan.offsets().get(a);
                assertEquals(0, from % ArenaPlan.ALIGNMENT, "alignment");
                assertTrue(from >= 0 && from + a.bytes() <= plan.bytes(), "inside the arena");
                for (Storage b : alive) {
                    long other = plan.offsets().get(b);
                    assertTrue(a == b || from + a.bytes() <= other || other + b.bytes() <= from,
                            "two storages alive at operation " + now + " share bytes");
                }
                bytes += a.bytes();
                end = Math.max(end, from + aligned(a.bytes()));
            }
            widest = Math.max(widest, bytes);
        }
        long sum = plan.offsets().keySet().stream().mapToLong(storage -> aligned(storage.bytes())).sum();
        assertEquals(end, plan.bytes(), "ends where its last storage does");
        assertTrue(widest <= plan.bytes() && plan.bytes() <= sum,
                widest + " alive at once <= " + plan.bytes() + " <= " + sum + " in all");
    }

    /** Storages that hold something while operation {@code now} runs; after the last, those that are kept. */
    private static List<Storage> alive(List<Op> ops, Set<Storage> kept, int now) {
        var before = new HashSet<Storage>();
        ops.subList(0, Math.min(now + 1, ops.size())).forEach(op -> before.addAll(storages(op.writes())));
        var after = new HashSet<>(kept);
        ops.subList(now, ops.size()).forEach(op -> {
            after.addAll(storages(op.reads()));
            after.addAll(storages(op.writes()));
        });
        before.retainAll(after);
        return List.copyOf(before);
    }

    private static List<Storage> storages(List<Tensor> tensors) {
        return tensors.stream().map(Tensor::storage).toList();
    }

    private static long aligned(long bytes) {
        return (bytes + ArenaPlan.ALIGNMENT - 1) / ArenaPlan.ALIGNMENT * ArenaPlan.ALIGNMENT;
    }

    @Test
    void aChainNeedsRoomForTwo() {
        var ops = new ArrayList<Op>();
        Tensor x = activation(6400);
        ops.add(new FakeOp("first", List.of(), List.of(x)));
        for (int i = 0; i < 20; i++) {
            Tensor y = activation(6400);
            ops.add(new FakeOp("next", List.of(x), List.of(y)));
            x = y;
        }
        assertEquals(2 * 6400, new ArenaPlan(ops, Set.of()).bytes());
    }

    @Test
    void whatIsKeptSurvivesEverythingAfterIt() {
        Tensor kept = activation(640);
        Tensor later = activation(640);
        List<Op> ops = List.of(new FakeOp("first", List.of(), List.of(kept)),
                new FakeOp("later", List.of(), List.of(later)));
        assertEquals(640, new ArenaPlan(ops, Set.of()).bytes());
        assertEquals(1280, new ArenaPlan(ops, Set.of(kept.storage())).bytes());
    }

    @Test
    void viewsLiveInTheirStorage() {
        Tensor packed = activation(640);
        Tensor other = activation(64);
        List<Op> ops = List.of(new FakeOp("packed", List.of(), List.of(packed)),
                new FakeOp("other", List.of(), List.of(other)),
                new FakeOp("reads a part", List.of(packed.columns(100, 10)), List.of(activation(64))));
        check(ops, Set.of());
        assertEquals(3, new ArenaPlan(ops, Set.of()).offsets().size());
    }

    @Test
    void persistentTensorsTakeNoPart() {
        Tensor persistent = Tensor.over(Storage.persistent(4096, 640), DType.U8, 640);
        Tensor y = activation(64);
        var plan = new ArenaPlan(List.of(new FakeOp("op", List.of(persistent), List.of(y, persistent))),
                Set.of(persistent.storage()));
        assertEquals(Map.of(y.storage(), 0L), plan.offsets());
        assertEquals(4096, persistent.address());
    }

    @Test
    void nothingNeedsNothing() {
        assertEquals(0, new ArenaPlan(List.of(), Set.of()).bytes());
    }

    @Test
    void refusesToReadWhatNothingHasWritten() {
        Tensor x = activation(64);
        List<Op> ops = List.of(new FakeOp("the reader", List.of(x), List.of(activation(64))),
                new FakeOp("the writer", List.of(), List.of(x)));
        var refusal = assertThrows(IllegalStateException.class, () -> new ArenaPlan(ops, Set.of()));
        assertTrue(refusal.getMessage().contains("the reader"), refusal.getMessage());
        assertFalse(refusal.getMessage().contains("\n"));
    }

    @Test
    void anActivationHasNoAddressBeforeItIsPlanned() {
        assertThrows(IllegalStateException.class, () -> activation(64).address());
    }
}
