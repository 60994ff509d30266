package org.diffusionclassifier.device;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Where each activation of a recorded sequence lives in the arena: two of them share bytes if one is dead before the
 * other is written.
 *
 * <p>A storage lives from its first write to its last use. The largest are placed first, each at the lowest offset
 * that is free during its whole life ("greedy by size", Pisarchyk and Lee, <i>Efficient Memory Management for Deep
 * Neural Net Inference</i>, 2020, arXiv 2001.03288).
 */
final class ArenaPlan {

    /** Bytes; a cache line, and enough for any vector load. */
    static final long ALIGNMENT = 64;

    private final Map<Storage, Long> offsets = new LinkedHashMap<>();
    private long bytes;

    /**
     * @param ops  in execution order
     * @param kept storages that are read after the last operation
     * @throws IllegalStateException if an operation reads an activation that nothing has written
     */
    ArenaPlan(List<Op> ops, Collection<Storage> kept) {
        List<Life> lives = new ArrayList<>(lives(ops, kept).values());
        lives.sort(Comparator.comparingLong((Life life) -> life.bytes).reversed());
        List<Life> placed = new ArrayList<>();
        for (Life life : lives) {
            life.offset = firstFit(life, placed);
            placed.add(life);
            placed.sort(Comparator.comparingLong(other -> other.offset));
            offsets.put(life.storage, life.offset);
            bytes = Math.max(bytes, life.offset + life.bytes);
        }
    }

    /** Size of the arena that the plan needs. */
    long bytes() {
        return bytes;
    }

    /** Offset of every storage, in bytes. */
    Map<Storage, Long> offsets() {
        return offsets;
    }

    private static Map<Storage, Life> lives(List<Op> ops, Collection<Storage> kept) {
        Map<Storage, Life> lives = new LinkedHashMap<>();
        for (int i = 0; i < ops.size(); i++) {
            for (Storage storage : planned(ops.get(i).reads())) {
                Life life = lives.get(storage);
                if (life == null) {
                    throw new IllegalStateException(ops.get(i).name() + " reads what nothing has written");
                }
                life.last = i;
            }
            for (Storage storage : planned(ops.get(i).writes())) {
                int now = i;
                lives.computeIfAbsent(storage, s -> new Life(s, now)).last = i;
            }
        }
        for (Storage storage : kept) {
            if (lives.containsKey(storage)) {
                lives.get(storage).last = ops.size();
            }
        }
        return lives;
    }

    private static Set<Storage> planned(List<Tensor> tensors) {
        Set<Storage> storages = new HashSet<>();
        for (Tensor tensor : tensors) {
            if (!tensor.storage().isPersistent()) {
                storages.add(tensor.storage());
            }
        }
        return storages;
    }

    /** @param placed sorted by offset */
    private static long firstFit(Life life, List<Life> placed) {
        long offset = 0;
        for (Life other : placed) {
            if (other.first <= life.last && life.first <= other.last) {
                if (offset + life.bytes <= other.offset) {
                    return offset;
                }
                offset = Math.max(offset, other.offset + other.bytes);
            }
        }
        return offset;
    }

    private static final class Life {
        final Storage storage;
        final long bytes;
        final int first;
        int last;
        long offset;

        Life(Storage storage, int first) {
            this.storage = storage;
            this.bytes = (storage.bytes() + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
            this.first = first;
        }
    }
}
