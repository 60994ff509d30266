package org.diffusionclassifier.file;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.stream.Collectors;

/** SHA-256 of lists and files, by which two of them are known to be equal. */
public final class Sha256 {

    private final MessageDigest digest;

    /** Of nothing yet. */
    public Sha256() {
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
    }

    /** A file's content. */
    public static String of(Path file) throws IOException {
        var sum = new Sha256();
        Files.copy(file, new DigestOutputStream(OutputStream.nullOutputStream(), sum.digest));
        return sum.hex();
    }

    /** Adds an entry of a list: fields in UTF-8, NUL between them, a newline at the end. */
    public void add(Object... fields) {
        String entry = Arrays.stream(fields).map(String::valueOf).collect(Collectors.joining("\0", "", "\n"));
        digest.update(entry.getBytes(StandardCharsets.UTF_8));
    }

    /** The digest of all that was added, in lower case; it begins anew. */
    public String hex() {
        return HexFormat.of().formatHex(digest.digest());
    }
}
