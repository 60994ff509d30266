package org.diffusionclassifier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import org.diffusionclassifier.catalog.ModelNames;

/** A command line run in this JVM: its exit code and what it printed. */
record CommandLineRun(int exitCode, String out, String err) {

    /** Nobody there to be asked. */
    static final Terminal NOBODY = new Terminal() {
        @Override
        public boolean isPresent() {
            return false;
        }

        @Override
        public boolean confirms(String question) {
            throw new AssertionError(question);
        }
    };

    /** Without a network, and without what may be in this machine's cache of models. */
    static CommandLineRun of(Object... args) {
        return in(new ModelNames(Path.of(""), Map.of("HF_HUB_OFFLINE", "1"), Path.of("no home")), NOBODY, args);
    }

    static CommandLineRun in(ModelNames names, Terminal terminal, Object... args) {
        var out = new ByteArrayOutputStream();
        var err = new ByteArrayOutputStream();
        String[] words = new String[args.length];
        for (int i = 0; i < args.length; i++) {
            words[i] = args[i].toString();
        }
        int exitCode = Main.run(names, terminal, writer(out), writer(err), words);
        return new CommandLineRun(exitCode, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    private static PrintWriter writer(OutputStream out) {
        return new PrintWriter(out, true, StandardCharsets.UTF_8);
    }

    CommandLineRun succeeded() {
        assertEquals(0, exitCode, err);
        return this;
    }

    /** Asserts exit code 2 and one line of error, beside notes and the progress bar's, that holds all {@code parts}. */
    void refused(String... parts) {
        assertEquals(2, exitCode, out + err);
        assertEquals(1, err.lines().filter(line -> !line.isBlank()
                && !line.matches("(evaluate|convert|pull|download|benchmark|diffusion-classifier: note:) .*")).count(),
                err);
        for (String part : parts) {
            assertTrue(err.contains(part), "expected \"" + part + "\" in: " + err);
        }
    }
}
