package org.diffusionclassifier.cli;

import java.io.Console;

/** Whoever can be asked; nobody where standard input or output is a file or a pipe. */
interface Terminal {

    /** Whether there is somebody. */
    boolean isPresent();

    /** Asks, where there is somebody. @return whether the answer is y or yes; no is the default */
    boolean confirms(String question);

    /** Nobody, where no process has a terminal. */
    Terminal NOBODY = new Terminal() {
        @Override
        public boolean isPresent() {
            return false;
        }

        @Override
        public boolean confirms(String question) {
            return false;
        }
    };

    /** The terminal that this process was started from. */
    static Terminal ofSystem() {
        Console console = System.console();
        return new Terminal() {
            @Override
            public boolean isPresent() {
                return console != null;
            }

            @Override
            public boolean confirms(String question) {
                String answer = console.readLine("%s [y/N] ", question);
                return answer != null && answer.strip().matches("(?i)y(es)?");
            }
        };
    }
}
