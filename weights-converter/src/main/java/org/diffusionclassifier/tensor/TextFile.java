package org.diffusionclassifier.tensor;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Text that people and programs write: UTF-8, with or without the byte order mark that Windows puts before it. */
public final class TextFile {

    /** What a file is that {@link #isGitPointer}, and what to do, behind "found". */
    public static final String GIT_POINTER =
            "a Git LFS pointer, which stands for the file: run git lfs pull where it lies";

    private static final String GIT_POINTER_HEAD = "version https://git-lfs";
    private static final String BYTE_ORDER_MARK = "\uFEFF";

    private TextFile() {
    }

    /** The whole text, without a byte order mark. */
    public static String read(Path file) throws IOException {
        return unmarked(Files.readString(file));
    }

    /** A text without its byte order mark. */
    public static String unmarked(String text) {
        return text.startsWith(BYTE_ORDER_MARK) ? text.substring(1) : text;
    }

    /** Whether a file that begins so was cloned without Git LFS (its specification: first line {@code version URL}). */
    public static boolean isGitPointer(String head) {
        return head.startsWith(GIT_POINTER_HEAD);
    }

    /** Its lines, without their ends. */
    public static List<String> lines(Path file) throws IOException {
        return read(file).lines().toList();
    }
}
