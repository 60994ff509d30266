package org.diffusionclassifier.server;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.diffusionclassifier.device.DeviceException;
import org.diffusionclassifier.server.http.HttpRefusal;
import org.diffusionclassifier.tensor.InputException;

/**
 * The jobs, in the order of their arrival, for all devices. Two workers serve each device, so that the next picture is
 * decoded while the device is at one. A job whose client is gone is passed over.
 */
final class JobQueue implements AutoCloseable {

    private static final int WORKERS = 2;

    private final int maxWaiting;
    private final int devices;
    private final Metrics metrics;
    private final Consumer<String> log;
    private final Deque<Job> waiting = new ArrayDeque<>();
    private final Map<String, Job> known = new ConcurrentHashMap<>();
    private final List<Thread> workers = new ArrayList<>();

    /** Held by the worker whose job has the device. */
    private final List<Lock> turns;
    private int running;
    private double secondsAJob = 1;
    private boolean closed;

    /**
     * @param devices how many
     * @param log     gets a line on what is the server's own fault, or a device's
     */
    JobQueue(int devices, int maxWaiting, Metrics metrics, Consumer<String> log) {
        this.devices = devices;
        this.maxWaiting = maxWaiting;
        this.metrics = metrics;
        this.log = log;
        this.turns = IntStream.range(0, devices).<Lock>mapToObj(device -> new ReentrantLock(true)).toList();
        for (int i = 0; i < devices * WORKERS; i++) {
            int device = i % devices;
            var worker = new Thread(() -> work(device), "serve " + device + "." + i / devices);
            worker.setDaemon(true);
            workers.add(worker);
            worker.start();
        }
    }

    /** @throws HttpRefusal if too many wait already, or the queue is closed */
    synchronized void add(Job job) {
        if (closed) {
            throw HttpRefusal.busy("the server is shutting down", 30);
        }
        if (waiting.size() >= maxWaiting) {
            waiting.removeIf(other -> other.exchange().isGone() && isFinished(other));
        }
        if (waiting.size() >= maxWaiting) {
            throw HttpRefusal.busy(waiting.size() + " requests are waiting already",
                    (int) Math.max(1, Math.ceil(secondsAJob * waiting.size() / devices)));
        }
        known.put(job.id(), job);
        job.ahead(waiting.size() + running);
        waiting.add(job);
        notifyAll();
    }

    private boolean isFinished(Job gone) {
        known.remove(gone.id());
        gone.exchange().refuse(new HttpRefusal(499, "the client is gone"));
        return true;
    }

    /** @return whether there is such a job */
    boolean stop(String id) {
        Job job = known.get(id);
        if (job != null) {
            job.stop();
        }
        return job != null;
    }

    synchronized int waiting() {
        return waiting.size();
    }

    synchronized int running() {
        return running;
    }

    private synchronized Job next() {
        while (waiting.isEmpty() && !closed) {
            try {
                wait();
            } catch (InterruptedException e) {
                return null;
            }
        }
        Job job = waiting.poll();
        if (job != null) {
            running++;
            int ahead = running;
            for (Job other : waiting) {
                other.ahead(ahead++);
            }
        }
        return job;
    }

    private synchronized void done(Job job, double seconds) {
        known.remove(job.id());
        running--;
        secondsAJob += (seconds - secondsAJob) / 8;
        notifyAll();
    }

    private void work(int device) {
        for (Job job = next(); job != null; job = next()) {
            long start = System.nanoTime();
            try {
                job.requireGoingOn();
                metrics.timed(Metrics.Stage.DECODE, device, job::prepare);
                double decoding = (System.nanoTime() - start) * 1e-9;
                onDevice(job, device, decoding).run();
            } catch (HttpRefusal e) {
                job.exchange().refuse(e);
            } catch (InputException e) {
                job.exchange().refuse(new HttpRefusal(400, Places.without(e.getMessage())));
            } catch (DeviceException e) {
                metrics.failed(device);
                log.accept("a device failed: " + e.getMessage());
                job.exchange().refuse(new HttpRefusal(500, "the device failed: " + Places.without(e.getMessage())));
            } catch (OutOfMemoryError e) {
                log.accept("out of memory: " + e.getMessage());
                job.exchange().refuse(HttpRefusal.busy("out of memory", 10));
            } catch (RuntimeException | Error e) {
                log.accept("internal error: " + e);
                job.exchange().refuse(new HttpRefusal(500, "internal error"));
            } finally {
                done(job, (System.nanoTime() - start) * 1e-9);
            }
        }
    }

    private Runnable onDevice(Job job, int device, double decoding) {
        Lock turn = turns.get(device);
        turn.lock();
        try {
            metrics.spent(Metrics.Stage.WAIT, device, job.age() - decoding);
            job.requireGoingOn();
            return job.run(device);
        } finally {
            turn.unlock();
        }
    }

    /** Sends away what waits and what comes, and returns when what runs is done. */
    @Override
    public void close() {
        List<Job> left;
        synchronized (this) {
            closed = true;
            left = List.copyOf(waiting);
            waiting.clear();
            notifyAll();
        }
        left.forEach(job -> job.exchange().refuse(HttpRefusal.busy("the server is shutting down", 30)));
        boolean interrupted = false;
        for (Thread worker : workers) {
            try {
                worker.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
