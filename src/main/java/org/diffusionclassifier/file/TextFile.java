package org.diffusionclassifier.file;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Text that people and programs write: UTF-8, with or without the byte order mark that Windows puts before it. */
public final class TextFile {

    private static final String BYTE_ORDER_MARK = "\uFEFF";

    private TextFile() {
    }

    /** The whole text, without a byte order mark. */
    public static String read(Path file) throws IOException {
        String text = Files.readString(file);
        return text.startsWith(BYTE_ORDER_MARK) ? text.substring(1) : text;
    }

    /** Its lines, without their ends. */
    public static List<String> lines(Path file) throws IOException {
        return read(file).lines().toList();
    }
}
