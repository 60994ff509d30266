package org.diffusionclassifier.pytorch;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import org.diffusionclassifier.tensor.DataFile;
import org.diffusionclassifier.tensor.InputException;

/**
 * A part of a file that holds pickles, read from front to back: the numbers and texts that follow a pickle's opcodes.
 * Every length is checked against what is left, and charged to the budget, before anything is allocated by it.
 */
final class PickleInput {

    /** Names of globals and decimal numbers, which end with a line feed, are never longer. */
    private static final int MAX_LINE = 1024;

    private final DataFile file;
    private final HeapBudget budget;
    private final ByteBuffer buffer = ByteBuffer.allocate(1 << 16).order(ByteOrder.LITTLE_ENDIAN).limit(0);
    private final byte[] line = new byte[MAX_LINE];
    private final long end;
    private long next;                  // where in the file the byte after the buffer's last is

    /** Reads the {@code bytes} bytes from {@code offset} on, which the file has. */
    PickleInput(DataFile file, long offset, long bytes, HeapBudget budget) {
        this.file = file;
        this.budget = budget;
        this.next = offset;
        this.end = offset + bytes;
    }

    HeapBudget budget() {
        return budget;
    }

    /** Where in the file the next byte is. */
    long position() {
        return next - buffer.remaining();
    }

    InputException wrong(String expected, String found) {
        return new InputException(file.path() + ": pickle, before byte " + position() + ": expected " + expected
                + ", found " + found);
    }

    int u8() {
        return need(1).get() & 0xff;
    }

    int u16() {
        return need(2).getShort() & 0xffff;
    }

    int i32() {
        return need(4).getInt();
    }

    long u32() {
        return i32() & 0xffff_ffffL;
    }

    long i64() {
        return need(8).getLong();
    }

    /** A double, the one number that pickles store with its highest byte first. */
    double f64() {
        return Double.longBitsToDouble(Long.reverseBytes(i64()));
    }

    /** A two's-complement integer of up to 255 bytes, lowest first: a Long where it fits, else a BigInteger. */
    Number integer(int length) {
        byte[] bytes = bytes(length);
        for (int i = 0, j = length - 1; i < j; i++, j--) {
            byte swapped = bytes[i];
            bytes[i] = bytes[j];
            bytes[j] = swapped;
        }
        return narrowed(length == 0 ? BigInteger.ZERO : new BigInteger(bytes));
    }

    /** A decimal integer, possibly with an L behind it, up to the line feed. */
    Number decimal() {
        String line = line();
        try {
            return narrowed(new BigInteger(line.endsWith("L") ? line.substring(0, line.length() - 1) : line));
        } catch (NumberFormatException e) {
            throw wrong("a decimal number", line);
        }
    }

    private static Number narrowed(BigInteger value) {
        return value.bitLength() < Long.SIZE ? (Number) value.longValue() : value;
    }

    /** The UTF-8 text up to the line feed. */
    String line() {
        String line = line(StandardCharsets.UTF_8);
        budget.chargeText(line.length());
        return line;
    }

    /** The text up to the line feed, charged to nobody, as it lives shortly. */
    String line(Charset charset) {
        for (int length = 0; length < MAX_LINE; length++) {
            line[length] = (byte) u8();
            if (line[length] == '\n') {
                return new String(line, 0, length, charset);
            }
        }
        throw wrong("a line of fewer than " + MAX_LINE + " bytes", "a longer one");
    }

    /** A UTF-8 text of {@code length} bytes. */
    String text(long length) {
        return new String(bytes(length), StandardCharsets.UTF_8);
    }

    /** {@code length} bytes as text, a character each. */
    String latin1(long length) {
        return new String(bytes(length), StandardCharsets.ISO_8859_1);
    }

    private byte[] bytes(long length) {
        requireLeft(length);
        budget.chargeText(length);
        var bytes = new byte[(int) length];
        int buffered = Math.min(buffer.remaining(), bytes.length);
        buffer.get(bytes, 0, buffered);
        file.read(next, ByteBuffer.wrap(bytes, buffered, bytes.length - buffered));
        next += bytes.length - buffered;
        return bytes;
    }

    /** Skips {@code length} bytes. */
    void skip(long length) {
        requireLeft(length);
        long target = position() + length;
        if (target <= next) {
            buffer.position(buffer.position() + (int) length);
        } else {
            buffer.limit(0);
            next = target;
        }
    }

    /** The buffer, after filling it to hold {@code length} more bytes. */
    private ByteBuffer need(int length) {
        if (buffer.remaining() < length) {
            requireLeft(length);
            int kept = buffer.compact().position();
            buffer.limit((int) Math.min(buffer.capacity(), kept + end - next));
            int added = buffer.limit() - kept;
            file.read(next, buffer);
            next += added;
        }
        return buffer;
    }

    private void requireLeft(long length) {
        if (length < 0 || length > end - position()) {
            throw wrong(Long.toUnsignedString(length) + " more bytes", (end - position()) + " (truncated?)");
        }
    }
}
