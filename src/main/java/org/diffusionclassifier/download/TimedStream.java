package org.diffusionclassifier.download;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/**
 * The content of an answer, given up when nothing arrives for a time: HttpClient's own timeout ends with the headers. A
 * clock looks at the reader now and then, which costs a read less than an alarm of its own would.
 */
public final class TimedStream extends FilterInputStream {

    private static final ScheduledExecutorService CLOCK = Executors.newSingleThreadScheduledExecutor(task -> {
        var thread = new Thread(task, "timeouts of downloads");
        thread.setDaemon(true);
        return thread;
    });

    /** In a timeout, which may therefore be longer by a part. */
    private static final int LOOKS = 4;

    private static final long NOT_WAITING = Long.MIN_VALUE;

    private final Duration timeout;
    private final ScheduledFuture<?> looks;
    private volatile long waitingSince = NOT_WAITING;
    private volatile boolean timedOut;

    /** @param timeout how long a read may wait */
    public TimedStream(InputStream in, Duration timeout) {
        super(in);
        this.timeout = timeout;
        long period = timeout.toNanos() / LOOKS;
        this.looks = CLOCK.scheduleWithFixedDelay(this::look, period, period, TimeUnit.NANOSECONDS);
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] bytes, int from, int length) throws IOException {
        waitingSince = System.nanoTime();
        try {
            int read = in.read(bytes, from, length);
            if (timedOut) {     // the end that was read is the one that the clock made
                throw new IOException("closed");
            }
            return read;
        } catch (IOException e) {
            throw timedOut ? new HttpTimeoutException("nothing arrived for " + timeout.toSeconds() + " seconds") : e;
        } finally {
            waitingSince = NOT_WAITING;
        }
    }

    private void look() {
        long since = waitingSince;
        if (since != NOT_WAITING && System.nanoTime() - since > timeout.toNanos()) {
            timedOut = true;
            try {
                close();
            } catch (IOException e) {
                // the reader learns of it
            }
        }
    }

    @Override
    public void close() throws IOException {
        looks.cancel(false);
        in.close();
    }
}
