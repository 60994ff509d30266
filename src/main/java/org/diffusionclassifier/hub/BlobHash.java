package org.diffusionclassifier.hub;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The hash by which the Hub knows a file's content, and the name of its blob in the cache: SHA-256 of the content for
 * large files (git LFS), SHA-1 of {@code "blob LENGTH\0"} and the content for the others, as git computes it.
 *
 * @param hex 64 or 40 lower-case hexadecimal digits
 */
public record BlobHash(String hex) {

    private static final Pattern HASH = Pattern.compile("[0-9a-f]{64}|[0-9a-f]{40}");

    /** Empty for what is no such hash. */
    static Optional<BlobHash> of(String text) {
        return Optional.ofNullable(text).filter(hash -> HASH.matcher(hash).matches()).map(BlobHash::new);
    }

    /** The hash in an ETag, which may be quoted and marked as weak: {@code W/"…"}. */
    static Optional<BlobHash> ofEtag(String etag) {
        return of(etag.strip().replaceFirst("^W/", "").replace("\"", ""));
    }

    String algorithm() {
        return hex.length() == 64 ? "SHA-256" : "git's SHA-1";
    }

    /** Begins to hash a content of {@code size} bytes. */
    MessageDigest begin(long size) {
        try {
            if (hex.length() == 64) {
                return MessageDigest.getInstance("SHA-256");
            }
            MessageDigest digest = MessageDigest.getInstance("SHA-1");
            digest.update(("blob " + size + "\0").getBytes(StandardCharsets.UTF_8));
            return digest;
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);     // every JDK has them
        }
    }

    static String hex(MessageDigest digest) {
        return HexFormat.of().formatHex(digest.digest());
    }

    @Override
    public String toString() {
        return hex;
    }
}
