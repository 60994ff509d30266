package org.diffusionclassifier.cli;

import java.nio.file.Path;
import org.diffusionclassifier.file.JsonFile;
import picocli.CommandLine.Option;

/** Whether a command's results are wanted as JSON, too. */
final class JsonOption {

    @Option(names = "--json", paramLabel = "FILE", description = "Write everything there, too.")
    private Path json;

    /** @throws org.diffusionclassifier.tensor.InputException if the file cannot be written */
    void check() {
        if (json != null) {
            OutputFile.requireWritable("--json", json);
        }
    }

    /** Writes {@code results}, if they are wanted. */
    void write(Object results) {
        if (json != null) {
            JsonFile.write(json, results);
        }
    }
}
