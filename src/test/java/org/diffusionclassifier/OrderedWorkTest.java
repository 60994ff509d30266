package org.diffusionclassifier;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.diffusionclassifier.device.DeviceException;
import org.diffusionclassifier.tensor.InputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Who does which piece is chance; what is handed on, in which order and by whom is not. */
@Timeout(60)
class OrderedWorkTest {

    private final List<Integer> finished = new ArrayList<>();
    private final List<Integer> lost = new ArrayList<>();

    private void run(int workers, int pieces, OrderedWork.Task<Integer> task) {
        Thread caller = Thread.currentThread();
        new OrderedWork<>(workers, pieces, task, new OrderedWork.Listener<Integer>() {
            @Override
            public void finished(int worker, Integer piece) {
                assertSame(caller, Thread.currentThread());
                finished.add(piece);
            }

            @Override
            public void lost(int worker, DeviceException failure) {
                assertSame(caller, Thread.currentThread());
                assertEquals("worker " + worker, failure.getMessage());
                lost.add(worker);
            }
        }).run();
    }

    private static List<Integer> upTo(int pieces) {
        return IntStream.range(0, pieces).boxed().toList();
    }

    private static void pause(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 0", "3, 0", "1, 1", "4, 1", "5, 3", "1, 20", "3, 40", "2, 500"})
    void resultsComeInOrder(int workers, int pieces) {
        var random = new Random(7);
        long[] pauses = random.longs(pieces, 0, 3).toArray();
        run(workers, pieces, (worker, piece) -> {
            pause(pauses[piece]);
            return piece;
        });
        assertEquals(upTo(pieces), finished);
        assertEquals(List.of(), lost);
    }

    @Test
    void aLostWorkersPieceIsDoneByAnother() {
        var done = new AtomicInteger();
        run(3, 30, (worker, piece) -> {
            if (worker == 1 && done.incrementAndGet() > 2) {
                throw new DeviceException("worker 1");
            }
            pause(1);
            return piece;
        });
        assertEquals(upTo(30), finished);
        assertEquals(List.of(1), lost);
    }

    /** The others are through with all else, and wait for what may come back. */
    @Test
    void theLastPieceOfAllComesBack() {
        var hasOne = new CountDownLatch(1);
        var others = new CountDownLatch(5);
        run(2, 6, (worker, piece) -> {
            if (worker == 0) {
                hasOne.countDown();
                await(others);
                throw new DeviceException("worker 0");
            }
            await(hasOne);
            others.countDown();
            return piece;
        });
        assertEquals(upTo(6), finished);
        assertEquals(List.of(0), lost);
    }

    /** One worker does piece 1 and fails at the next; the other fails at piece 0 after that. */
    @Test
    void whatIsFinishedIsKeptWhenAllFail() {
        var firstDone = new CountDownLatch(1);
        Set<Integer> doneByOne = ConcurrentHashMap.newKeySet();
        var failure = assertThrows(DeviceException.class, () -> run(2, 10, (worker, piece) -> {
            if (piece == 0) {
                await(firstDone);
                throw new DeviceException("worker " + worker);
            }
            if (doneByOne.isEmpty()) {
                doneByOne.add(piece);
                return piece;
            }
            firstDone.countDown();
            pause(20);
            throw new DeviceException("worker " + worker);
        }));
        assertEquals(List.of(1), finished);
        assertEquals(1, lost.size());
        assertEquals("worker " + (1 - lost.get(0)), failure.getMessage());
    }

    @Test
    void aSingleWorkerThatFailsIsNotAnnounced() {
        var failure = assertThrows(DeviceException.class, () -> run(1, 5, (worker, piece) -> {
            if (piece == 3) {
                throw new DeviceException("worker 0");
            }
            return piece;
        }));
        assertEquals("worker 0", failure.getMessage());
        assertEquals(upTo(3), finished);
        assertEquals(List.of(), lost);
    }

    /** As one worker does it: everything before the refused piece is handed on, and nothing behind it. */
    @Test
    void aRefusedPieceEndsItInOrder() {
        var refusal = assertThrows(InputException.class, () -> run(4, 40, (worker, piece) -> {
            pause(piece == 9 ? 20 : 1);
            if (piece == 10 || piece == 12) {
                throw new InputException("piece " + piece);
            }
            return piece;
        }));
        assertEquals("piece 10", refusal.getMessage());
        assertEquals(upTo(10), finished);
    }

    @Test
    void whatTheListenerThrowsEndsIt() {
        var work = new OrderedWork<>(2, 100, (worker, piece) -> piece, new OrderedWork.Listener<Integer>() {
            @Override
            public void finished(int worker, Integer piece) {
                finished.add(piece);
                if (piece == 4) {
                    throw new InputException("the disk is full");
                }
            }

            @Override
            public void lost(int worker, DeviceException failure) {
                lost.add(worker);
            }
        });
        assertEquals("the disk is full", assertThrows(InputException.class, work::run).getMessage());
        assertEquals(upTo(5), finished);
    }

    /** Piece 0 takes as long as the other worker is given anything else. */
    @Test
    void nobodyRunsFarAhead() {
        var started = new AtomicInteger();
        run(2, 1000, (worker, piece) -> {
            started.incrementAndGet();
            if (piece == 0) {
                for (int before = 0; before < started.get();) {
                    before = started.get();
                    pause(50);
                }
                assertTrue(started.get() <= 32, started + " of 1000 in hand or finished");
            }
            return piece;
        });
        assertEquals(upTo(1000), finished);
    }

    @Test
    void anInterruptionWaitsUntilTheEnd() {
        Thread.currentThread().interrupt();
        run(2, 10, (worker, piece) -> {
            pause(1);
            return piece;
        });
        assertTrue(Thread.interrupted());
        assertEquals(upTo(10), finished);
    }
}
