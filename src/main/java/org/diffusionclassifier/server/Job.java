package org.diffusionclassifier.server;

import java.security.SecureRandom;
import java.time.Duration;
import java.util.HexFormat;
import org.diffusionclassifier.server.http.Exchange;
import org.diffusionclassifier.server.http.HttpRefusal;

/** A request that waits for a device, or has one. */
abstract class Job {

    private static final SecureRandom RANDOM = new SecureRandom();

    private final String id = randomId();
    private final long accepted = System.nanoTime();
    private final Exchange exchange;
    private final Duration maxTime;
    private volatile boolean stopped;

    /** @param maxTime until the answer */
    Job(Exchange exchange, Duration maxTime) {
        this.exchange = exchange;
        this.maxTime = maxTime;
    }

    private static String randomId() {
        var bytes = new byte[16];
        RANDOM.nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }

    /** That nobody can guess: whoever knows it may stop the job. */
    String id() {
        return id;
    }

    Exchange exchange() {
        return exchange;
    }

    /** Ends it with the answer so far. */
    void stop() {
        stopped = true;
    }

    /** Whether it is to end: it was stopped, has taken too long, or nobody waits for it. */
    boolean isToEnd() {
        return stopped || isOverdue() || exchange.isGone();
    }

    boolean isOverdue() {
        return System.nanoTime() - accepted > maxTime.toNanos();
    }

    /** Seconds since it was accepted. */
    double age() {
        return (System.nanoTime() - accepted) * 1e-9;
    }

    /** @throws HttpRefusal if it has no answer yet and is to end */
    void requireGoingOn() {
        if (isToEnd()) {
            throw isOverdue() ? HttpRefusal.busy("no answer within " + maxTime.toSeconds() + " seconds", 60)
                    : new HttpRefusal(409, "stopped before there was an answer");
        }
    }

    /** How many others are served before it; called whenever that changes. */
    void ahead(int jobs) {
        // most say nothing of it
    }

    /** What can be done before it has a device: decodes pictures. */
    abstract void prepare();

    /**
     * Works out the answer.
     *
     * @param device that it has, alone
     * @return what sends the answer, without the device
     */
    abstract Runnable run(int device);
}
