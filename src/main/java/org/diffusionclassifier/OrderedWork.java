package org.diffusionclassifier;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.PriorityQueue;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.diffusionclassifier.device.DeviceException;

/**
 * Pieces of work, handed out one at a time to workers that each have a thread. Results are handed on in the order of
 * the pieces, by the thread that called. A worker whose device fails hands its piece back, and the others go on. It
 * knows nothing of images and models. For one {@link #run}.
 *
 * @param <R> what a piece comes to
 */
final class OrderedWork<R> {

    /** How far, in pieces for each worker, one may run ahead of the slowest: races of two images differ by so much. */
    private static final int AHEAD = 16;

    /** What workers do; called by several threads at once, in each for another worker. */
    @FunctionalInterface
    interface Task<R> {

        /** @throws DeviceException if the worker cannot go on */
        R result(int worker, int piece);
    }

    /** Learns what becomes of it, in the thread that called {@link #run}. */
    interface Listener<R> {

        /** Comes once a piece, in the order of pieces. */
        void finished(int worker, R result);

        /** A worker failed, and others go on. */
        void lost(int worker, DeviceException failure);
    }

    /** @param result or throws what the piece's work threw */
    private record Finished<R>(int worker, Supplier<R> result) {
    }

    private record Lost(int worker, DeviceException failure) {
    }

    private final int workers;
    private final int pieces;
    private final Task<R> task;
    private final Listener<R> listener;

    // All below but the last is guarded by this object.
    private final PriorityQueue<Integer> waiting = new PriorityQueue<>();
    private final SortedMap<Integer, Finished<R>> finished = new TreeMap<>();
    private final Deque<Lost> lost = new ArrayDeque<>();
    private int handedOn;
    private int working;
    private boolean stopped;
    private volatile boolean interrupted;

    /** @param workers at least one */
    OrderedWork(int workers, int pieces, Task<R> task, Listener<R> listener) {
        this.workers = workers;
        this.pieces = pieces;
        this.task = task;
        this.listener = listener;
        this.working = workers;
        IntStream.range(0, pieces).forEach(waiting::add);
    }

    /**
     * Does all pieces. Whatever a piece or the listener throws ends it, after all before that piece was handed on; the
     * pieces that other workers have in hand are waited for, and lost.
     *
     * @throws DeviceException of the last worker once all have failed; whatever is finished was handed on then
     */
    void run() {
        var threads = new ArrayList<Thread>();
        for (int i = 0; i < workers; i++) {
            int worker = i;
            var thread = new Thread(() -> workAs(worker), "worker " + worker);
            thread.setDaemon(true);
            threads.add(thread);
        }
        threads.forEach(Thread::start);
        try {
            for (Runnable news = next(); news != null; news = next()) {
                news.run();
            }
        } finally {
            stop();
            threads.forEach(this::join);
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void workAs(int worker) {
        for (Integer piece = take(); piece != null; piece = take()) {
            try {
                R result = task.result(worker, piece);
                finish(piece, worker, () -> result);
            } catch (DeviceException e) {
                handBack(piece, worker, e);
                return;
            } catch (RuntimeException e) {
                finish(piece, worker, () -> {
                    throw e;
                });
            } catch (Error e) {
                finish(piece, worker, () -> {
                    throw e;
                });
            }
        }
    }

    /** The first piece that nobody has in hand; null if there is nothing more to do, not even what others hand back. */
    private synchronized Integer take() {
        while (!stopped && handedOn + finished.size() < pieces
                && (waiting.isEmpty() || waiting.peek() >= handedOn + AHEAD * workers)) {
            await();
        }
        return stopped ? null : waiting.poll();
    }

    private synchronized void finish(int piece, int worker, Supplier<R> result) {
        finished.put(piece, new Finished<>(worker, result));
        notifyAll();
    }

    private synchronized void handBack(int piece, int worker, DeviceException failure) {
        waiting.add(piece);
        lost.add(new Lost(worker, failure));
        working--;
        notifyAll();
    }

    /** What the listener is told next, once there is something; null at the end. */
    private synchronized Runnable next() {
        while (handedOn < pieces && working > 0 && lost.isEmpty() && !finished.containsKey(handedOn)) {
            await();
        }
        if (lost.size() > (working == 0 ? 1 : 0)) {
            Lost one = lost.remove();
            return () -> listener.lost(one.worker, one.failure);
        }
        // With all workers lost, results are kept that wait for pieces which nobody will do.
        Finished<R> one = working == 0 && !finished.isEmpty() ? finished.remove(finished.firstKey())
                : finished.remove(handedOn);
        if (one != null) {
            handedOn++;
            notifyAll();
            return () -> listener.finished(one.worker, one.result.get());
        }
        if (!lost.isEmpty()) {
            throw lost.remove().failure;
        }
        return null;
    }

    private synchronized void stop() {
        stopped = true;
        notifyAll();
    }

    /** An evaluation on a device cannot be cut short: an interruption waits until the end. */
    private void await() {
        try {
            wait();
        } catch (InterruptedException e) {
            interrupted = true;
        }
    }

    private void join(Thread thread) {
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
    }
}
