package org.diffusionclassifier.checkpoint;

import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Optional;
import java.util.function.BiPredicate;
import org.diffusionclassifier.tensor.TextFile;

/**
 * A file that is often given for weights and holds none, told from its first bytes or its name. Says in a line what it
 * is and what to do.
 */
enum ForeignFile {
    DOWNLOAD("a download that has not finished: wait for it, or download the file again",
            (name, head) -> name.matches(".*\\.(incomplete|part|crdownload|aria2)")),
    EMPTY("an empty file: download it again", (name, head) -> head.isEmpty()),
    LFS_POINTER(TextFile.GIT_POINTER, (name, head) -> TextFile.isGitPointer(head)),
    WEB_PAGE("a web page: download the file itself, after logging in if its page asks for that",
            (name, head) -> text(head).matches("(?s)<(!doctype|html|head|\\?xml|!--).*")),
    SHARD_INDEX("an index of shards: give the directory that it lies in",
            (name, head) -> name.endsWith(".index.json") && text(head).startsWith("{")),
    JSON("JSON: give the directory that it lies in", (name, head) -> text(head).startsWith("{")),
    GGUF("GGUF, whose weights are quantised for other programs: take the model's safetensors",
            (name, head) -> head.startsWith("GGUF")),
    ONNX("ONNX, a graph for other programs: take the model's safetensors",
            // The message ModelProto: field 1, the version of its form, and field 2, the name of the producer.
            (name, head) -> name.endsWith(".onnx") || head.matches("(?s)\\x08[\\x03-\\x20]\\x12.*")),
    HDF5("HDF5, as Keras writes it: take the model's safetensors", (name, head) -> head.startsWith("\u0089HDF\r\n")),
    ZIP("a zip of other files: unpack it, and give what was in it", (name, head) -> isOtherZip(head)),
    ARCHIVE("a compressed or packed archive: unpack it, and give what was in it",
            (name, head) -> head.startsWith("\u001f\u008b") || head.startsWith("\u00fd7zXZ") || head.startsWith("BZh")
                    || head.startsWith("\u0028\u00b5\u002f\u00fd") || head.startsWith("7z\u00bc\u00af")
                    || head.startsWith("Rar!") || head.startsWith("ustar", 257));

    /** Bytes of a file's beginning that are looked at. */
    static final int HEAD = 512;

    private static final String ZIP_MAGIC = "PK\u0003\u0004";

    private final String description;
    private final BiPredicate<String, String> recognises;

    ForeignFile(String description, BiPredicate<String, String> recognises) {
        this.description = description;
        this.recognises = recognises;
    }

    /**
     * What a file is, if it is one of these.
     *
     * @param name of the file
     * @param head its first {@link #HEAD} bytes, or all of them
     */
    static Optional<ForeignFile> of(String name, byte[] head) {
        String lowerCase = name.toLowerCase(Locale.ROOT);
        String characters = new String(head, StandardCharsets.ISO_8859_1);      // a character for each byte
        for (ForeignFile kind : values()) {
            if (kind.recognises.test(lowerCase, characters)) {
                return Optional.of(kind);
            }
        }
        return Optional.empty();
    }

    /** What it is and what to do, behind "found". */
    String description() {
        return description;
    }

    /** Without a byte order mark and blanks before it. */
    private static String text(String head) {
        String text = head.startsWith("\u00ef\u00bb\u00bf") ? head.substring(3) : head;
        return text.stripLeading().toLowerCase(Locale.ROOT);
    }

    /**
     * Whether the first entry of a zip cannot be one of {@code torch.save}'s, which are not compressed and lie in one
     * folder (APPNOTE.TXT, section 4.3.7: method at byte 8, length of the name at 26, the name at 30).
     */
    private static boolean isOtherZip(String head) {
        if (!head.startsWith(ZIP_MAGIC) || head.length() < 30) {
            return false;
        }
        int end = Math.min(head.length(), 30 + (head.charAt(26) | head.charAt(27) << 8));
        return head.charAt(8) != 0 || !head.substring(30, end).matches("[^/]+/[^/]+(/[^/]+)?");
    }
}
