package org.diffusionclassifier.convert;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** What the system's {@code sha256sum} says of files. */
public final class Sha256sum {

    private Sha256sum() {
    }

    public static String of(Path file) throws IOException {
        return new String(run(file.toAbsolutePath().getParent(), List.of(file.getFileName().toString())),
                StandardCharsets.UTF_8).substring(0, 64);
    }

    /** Of what it prints for those files below a folder, by their paths within it, that {@code counted} takes. */
    public static String ofListing(Path root, Predicate<String> counted) throws IOException {
        List<String> names;
        try (Stream<Path> files = Files.walk(root)) {
            names = files.filter(Files::isRegularFile).map(file -> root.relativize(file).toString()).filter(counted)
                    .sorted().toList();
        }
        Path listing = Files.createTempFile("listing", null);
        try {
            return of(Files.write(listing, run(root, names)));
        } finally {
            Files.delete(listing);
        }
    }

    private static byte[] run(Path folder, List<String> names) throws IOException {
        var command = new ArrayList<>(List.of("sha256sum"));
        command.addAll(names);
        Process process = new ProcessBuilder(command).directory(folder.toFile())
                .redirectError(ProcessBuilder.Redirect.INHERIT).start();
        return process.getInputStream().readAllBytes();
    }
}
