package org.diffusionclassifier.selftest;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * A card's driver, clocks and limit, as {@code nvidia-smi} says them, with its units.
 *
 * @param clock       of the multiprocessors when it was asked
 * @param memoryClock likewise
 */
record CardState(String driver, String clock, String largestClock, String memoryClock, String powerLimit,
                 String temperature) {

    private static final String QUERY = "driver_version,clocks.sm,clocks.max.sm,clocks.mem,power.limit,temperature.gpu";
    private static final int FIELDS = 6;
    private static final int SECONDS = 10;

    /** @return empty where there is no {@code nvidia-smi}, or it does not answer */
    static Optional<CardState> of(int card) {
        try {
            Process process = new ProcessBuilder("nvidia-smi", "--id=" + card, "--query-gpu=" + QUERY,
                    "--format=csv,noheader").redirectError(ProcessBuilder.Redirect.DISCARD).start();
            if (!process.waitFor(SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                return Optional.empty();
            }
            return process.exitValue() != 0 ? Optional.empty()
                    : parse(new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException e) {
            return Optional.empty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }

    static Optional<CardState> parse(String line) {
        List<String> fields = List.of(line.strip().split("\\s*,\\s*"));
        return fields.size() != FIELDS ? Optional.empty() : Optional.of(new CardState(fields.get(0), fields.get(1),
                fields.get(2), fields.get(3), fields.get(4), fields.get(5)));
    }

    @Override
    public String toString() {
        return "driver " + driver + ", " + clock + " of " + largestClock + ", memory " + memoryClock + ", limit "
                + powerLimit + ", " + temperature + " °C";
    }
}
