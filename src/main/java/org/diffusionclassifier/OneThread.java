package org.diffusionclassifier;

import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Supplier;

/** Runs work on one thread, in the order in which it was submitted; {@link #call} waits for it. */
final class OneThread implements Executor, AutoCloseable {

    private final ExecutorService executor;
    private volatile Thread worker;

    /** @param name of the thread */
    OneThread(String name) {
        executor = Executors.newSingleThreadExecutor(work -> {
            var thread = new Thread(work, name);
            thread.setDaemon(true);
            worker = thread;
            return thread;
        });
    }

    /** The result of {@code work}, which may itself call this; what it throws is thrown here. */
    <T> T call(Supplier<T> work) {
        if (Thread.currentThread() == worker) {
            return work.get();
        }
        Future<T> result;
        try {
            result = executor.submit(work::get);
        } catch (RejectedExecutionException e) {
            return work.get();                  // closed: nothing is left of the model, which the work finds out
        }
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return result.get();
                } catch (InterruptedException e) {
                    interrupted = true;         // an evaluation on a device cannot be cut short
                }
            }
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException thrown) {
                throw thrown;
            }
            if (e.getCause() instanceof Error thrown) {
                throw thrown;
            }
            throw new IllegalStateException(e.getCause());
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Does not wait. */
    @Override
    public void execute(Runnable work) {
        try {
            executor.execute(work);
        } catch (RejectedExecutionException e) {
            work.run();                         // as above
        }
    }

    @Override
    public void close() {
        executor.shutdown();
    }
}
