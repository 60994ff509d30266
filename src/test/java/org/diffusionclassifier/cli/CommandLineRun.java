package org.diffusionclassifier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/** A command line run in this JVM: its exit code and what it printed. */
record CommandLineRun(int exitCode, String out, String err) {

    static CommandLineRun of(Object... args) {
        var out = new ByteArrayOutputStream();
        var err = new ByteArrayOutputStream();
        String[] words = new String[args.length];
        for (int i = 0; i < args.length; i++) {
            words[i] = args[i].toString();
        }
        int exitCode = Main.run(new PrintStream(out), new PrintStream(err), words);
        return new CommandLineRun(exitCode, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    CommandLineRun succeeded() {
        assertEquals(0, exitCode, err);
        return this;
    }

    /** Asserts exit code 2 and one line of error, beside notes and the progress bar's, that holds all {@code parts}. */
    void refused(String... parts) {
        assertEquals(2, exitCode, out + err);
        assertEquals(1, err.lines().filter(line -> !line.isBlank()
                && !line.matches("(evaluate|convert|benchmark|diffusion-classifier: note:) .*")).count(), err);
        for (String part : parts) {
            assertTrue(err.contains(part), "expected \"" + part + "\" in: " + err);
        }
    }
}
