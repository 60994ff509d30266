package org.diffusionclassifier.download;

import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.diffusionclassifier.tensor.InputException;

/**
 * How often something is tried that a network may break: after the n-th failure in a row it waits
 * {@code firstWait · 2ⁿ⁻¹}, or as long as the server says, if that is longer.
 *
 * @param attempts    how many failures in a row are the last
 * @param firstWait   after the first failure
 * @param longestWait what a server may ask for at most
 */
public record Retries(int attempts, Duration firstWait, Duration longestWait, Sleeper sleeper) {

    /** Five, as huggingface_hub has it. */
    public static final Retries FIVE = new Retries(5, Duration.ofMillis(500), Duration.ofMinutes(5), Thread::sleep);

    public static final Retries NONE = new Retries(1, Duration.ZERO, Duration.ZERO, Thread::sleep);

    /** How to wait; tests do not. */
    @FunctionalInterface
    public interface Sleeper {

        void sleep(long milliseconds) throws InterruptedException;
    }

    /** What may fail. */
    @FunctionalInterface
    public interface Attempt<T> {

        /** @throws IOException if it is worth trying again */
        T run() throws IOException, InterruptedException;
    }

    /** An answer that says: not now. */
    public static final class NotNow extends IOException {

        private static final long serialVersionUID = 1;

        private final transient Optional<Duration> wait;

        /** @param wait how long to wait, if the server says so */
        public NotNow(String message, Optional<Duration> wait) {
            super(message);
            this.wait = wait;
        }
    }

    /** @throws InputException after the last failure; {@code what} begins the message */
    public <T> T run(String what, Attempt<T> attempt) {
        return run(what, () -> 0, attempt);
    }

    /**
     * The same for what goes on where it failed.
     *
     * @param progress grows with what is done: a failure after some of it is the first in a row
     */
    public <T> T run(String what, LongSupplier progress, Attempt<T> attempt) {
        int failures = 0;
        while (true) {
            long before = progress.getAsLong();
            try {
                return attempt.run();
            } catch (InterruptedException e) {
                throw interrupted(what, e);
            } catch (IOException e) {
                failures = progress.getAsLong() > before ? 1 : failures + 1;
                await(what, failures, e);
            }
        }
    }

    private void await(String what, int failures, IOException failure) {
        Duration asked = failure instanceof NotNow later ? later.wait.orElse(Duration.ZERO) : Duration.ZERO;
        if (asked.compareTo(longestWait) > 0) {
            throw new InputException(what + ": " + reason(failure) + ", to be tried again in " + asked.toSeconds()
                    + " seconds", failure);
        }
        if (failures >= attempts) {
            throw new InputException(what + ": " + reason(failure)
                    + (attempts == 1 ? "" : ", tried " + attempts + " times"), failure);
        }
        try {
            sleeper.sleep(Math.max(asked.toMillis(), firstWait.toMillis() << (failures - 1)));
        } catch (InterruptedException e) {
            throw interrupted(what, e);
        }
    }

    private static InputException interrupted(String what, InterruptedException cause) {
        Thread.currentThread().interrupt();
        return new InputException(what + ": interrupted", cause);
    }

    private static String reason(IOException failure) {
        return failure.getMessage() == null ? failure.getClass().getSimpleName()
                : failure.getMessage().lines().findFirst().orElse("");
    }
}
