package org.diffusionclassifier.result.run;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.diffusionclassifier.tensor.InputException;

/**
 * A file that grows by whole lines, each of which is on the disk before the next begins. A kill tears the last line at
 * worst, which the next opening cuts off. One line at a time is in memory.
 */
final class LineFile implements AutoCloseable {

    /** Takes the lines that are there, in their order. */
    @FunctionalInterface
    interface Reader {

        /**
         * @param line   with its newline
         * @param number from 1
         * @return whether it is a line of this file: the last one may be none
         */
        boolean read(byte[] line, int number) throws IOException;
    }

    private final Path file;
    private final FileChannel channel;
    private final long tornBytes;
    private long length; // in bytes, of whole lines

    /**
     * Opens or creates the file.
     *
     * @param what a line is, for messages
     * @throws InputException if a line before the last is broken; whatever {@code reader} throws
     */
    LineFile(Path file, String what, Reader reader) {
        this.file = file;
        if (Files.exists(file)) {
            readLines(what, reader);
        }
        try {
            channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            tornBytes = channel.size() - length;
            channel.truncate(length);
        } catch (IOException e) {
            throw InputException.unwritable(file, e);
        }
    }

    Path file() {
        return file;
    }

    /** How many bytes of a torn last line were cut off. */
    long tornBytes() {
        return tornBytes;
    }

    /** Adds a line with its newline, which is on the disk on return; when that fails the file is as before. */
    void append(byte[] bytes) {
        var line = ByteBuffer.wrap(bytes);
        try {
            try {
                while (line.hasRemaining()) { // once, but for a full disk
                    channel.write(line, length + line.position());
                }
                channel.force(false);
            } catch (IOException e) {
                channel.truncate(length);
                throw e;
            }
        } catch (IOException e) {
            throw InputException.unwritable(file, e);
        }
        length += line.limit();
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }

    private void readLines(String what, Reader reader) {
        try (var in = new BufferedInputStream(Files.newInputStream(file), 1 << 16)) {
            int broken = 0; // the number of the broken line, 0 for none
            byte[] line;
            for (int number = 1; (line = readLine(in)).length > 0; number++) {
                if (broken > 0) {
                    throw new InputException(file + ":" + broken + ": not " + what + " (and not the last line, which a "
                            + "kill may tear)");
                }
                if (line[line.length - 1] == '\n' && reader.read(line, number)) {
                    length += line.length;
                } else {
                    broken = number;
                }
            }
        } catch (IOException e) {
            throw InputException.unreadable(file, e);
        }
    }

    /** The next line with its newline; the last may lack it; empty at the end. */
    private static byte[] readLine(InputStream in) throws IOException {
        var line = new ByteArrayOutputStream();
        int next;
        while ((next = in.read()) >= 0) {
            line.write(next);
            if (next == '\n') {
                break;
            }
        }
        return line.toByteArray();
    }
}
