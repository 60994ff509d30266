package org.diffusionclassifier.pytorch;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import org.diffusionclassifier.tensor.DataFile;
import org.diffusionclassifier.tensor.InputException;

/**
 * The entries of a zip file that stores them uncompressed, to be read in place (format: PKWARE, APPNOTE.TXT; the
 * section numbers below are its own). The JDK also reads zip files, but does not give an entry's position in the file.
 *
 * <p>The file may be hostile: each entry must lie within the file before the directory, and have a unique name that
 * does not lead elsewhere. Checksums are not verified, because that would take a pass over all data before the first
 * use.
 */
record StoredZip(Map<String, Entry> entries) {

    /** @param offset where in the file its data begin */
    record Entry(long offset, long bytes) {
    }

    /** The signature at the start of the file: the first entry's header. */
    static final int MAGIC = 0x04034b50;

    private static final int DIRECTORY_HEADER = 0x02014b50;
    private static final int END = 0x06054b50;
    private static final int END_64 = 0x06064b50;
    private static final int END_64_LOCATOR = 0x07064b50;

    private static final int LOCAL_BYTES = 30;
    private static final int DIRECTORY_HEADER_BYTES = 46;
    private static final int END_BYTES = 22;
    private static final int END_64_BYTES = 56;
    private static final int END_64_LOCATOR_BYTES = 20;

    /** Ten times what a checkpoint with ten thousand tensors needs. */
    private static final int MAX_DIRECTORY_BYTES = 8 << 20;

    /** Longer than any name that torch.save makes from a file's name and a storage's number. */
    private static final int MAX_NAME_BYTES = 512;

    /** An upper estimate of the heap of an entry's objects, apart from its name. */
    private static final int ENTRY_HEAP = 200;

    /** @throws InputException unless it is a whole zip file of uncompressed entries */
    static StoredZip read(DataFile file, HeapBudget budget) {
        return new Parser(file, budget).parse();
    }

    /** Where the directory is. The two kinds of end record give it in 32 and in 64 bits. */
    private record Directory(long offset, long bytes, long entries) {
    }

    private record Parser(DataFile file, HeapBudget budget) {

        StoredZip parse() {
            Directory directory = directory();
            if (directory.bytes > MAX_DIRECTORY_BYTES) {
                throw wrong("a directory of at most " + MAX_DIRECTORY_BYTES + " bytes", directory.bytes + " bytes");
            }
            budget.charge(directory.bytes);
            ByteBuffer headers = read(directory.offset, (int) directory.bytes);
            var entries = new LinkedHashMap<String, Entry>();
            while (headers.hasRemaining()) {
                entry(headers, directory.offset, entries);
            }
            if (entries.size() != directory.entries) {
                throw wrong(directory.entries + " entries", Integer.toString(entries.size()));
            }
            return new StoredZip(entries);
        }

        /** Sections 4.3.14 to 4.3.16: the end record is the file's last, but for a comment of up to 64 KiB. */
        private Directory directory() {
            int tailBytes = (int) Math.min(file.size(), END_BYTES + 0xffff);
            long tailOffset = file.size() - tailBytes;
            ByteBuffer tail = read(tailOffset, tailBytes);
            for (int at = tailBytes - END_BYTES; at >= 0; at--) {
                if (tail.getInt(at) == END && u16(tail, at + 20) == tailBytes - END_BYTES - at) {
                    Directory directory = at >= END_64_LOCATOR_BYTES
                            && tail.getInt(at - END_64_LOCATOR_BYTES) == END_64_LOCATOR
                            ? directory64(tail.getLong(at - END_64_LOCATOR_BYTES + 8))
                            : new Directory(u32(tail, at + 16), u32(tail, at + 12), u16(tail, at + 10));
                    requireWithin("the directory", directory.offset, directory.bytes, tailOffset + at);
                    return directory;
                }
            }
            throw wrong("a zip file's end record", "none (truncated?)");
        }

        private Directory directory64(long offset) {
            requireWithin("the end record", offset, END_64_BYTES, file.size());
            ByteBuffer end = read(offset, END_64_BYTES);
            if (end.getInt(0) != END_64) {
                throw wrong("an end record at byte " + offset, "none");
            }
            return new Directory(end.getLong(48), end.getLong(40), end.getLong(32));
        }

        /** Section 4.3.12, at the buffer's position. */
        private void entry(ByteBuffer headers, long dataEnd, Map<String, Entry> entries) {
            int at = headers.position();
            requireWithin("a directory header", at, DIRECTORY_HEADER_BYTES, headers.limit());
            int nameBytes = u16(headers, at + 28);
            int extraBytes = u16(headers, at + 30);
            int bytes = DIRECTORY_HEADER_BYTES + nameBytes + extraBytes + u16(headers, at + 32);
            requireWithin("a directory header", at, bytes, headers.limit());
            if (headers.getInt(at) != DIRECTORY_HEADER) {
                throw wrong("a directory header", "something else");
            }
            if (nameBytes > MAX_NAME_BYTES) {
                throw wrong("names of at most " + MAX_NAME_BYTES + " bytes", Integer.toString(nameBytes));
            }
            budget.charge(ENTRY_HEAP);
            budget.chargeText(nameBytes);
            String name = text(headers, at + DIRECTORY_HEADER_BYTES, nameBytes);
            if (name.startsWith("/") || name.contains("\\") || ("/" + name + "/").contains("/../")) {
                throw wrong("entries below the archive's root", name);
            }
            int encrypted = headers.getShort(at + 8) & 1;
            int method = u16(headers, at + 10);
            if (encrypted != 0 || method != 0) {
                throw wrong("entries that are neither compressed nor encrypted", name + " with method " + method);
            }
            long[] numbers = {u32(headers, at + 24), u32(headers, at + 20), u32(headers, at + 42)};
            widen(numbers, headers.slice(at + DIRECTORY_HEADER_BYTES + nameBytes, extraBytes)
                    .order(ByteOrder.LITTLE_ENDIAN));
            if (numbers[0] != numbers[1]) {
                throw wrong(name + " to take as many bytes in the file as without it",
                        numbers[1] + " and " + numbers[0]);
            }
            if (entries.put(name, new Entry(dataOffset(name, numbers[2], dataEnd), numbers[0])) != null) {
                throw wrong("entries with different names", "two called " + name);
            }
            requireWithin(name, entries.get(name).offset, numbers[0], dataEnd);
            headers.position(at + bytes);
        }

        /** Section 4.5.3: a number of all ones is in the zip64 field instead, in the order of {@code numbers}. */
        private void widen(long[] numbers, ByteBuffer extra) {
            while (extra.remaining() >= 4) {
                int id = extra.getShort() & 0xffff;
                int bytes = extra.getShort() & 0xffff;
                requireWithin("an extra field", extra.position(), bytes, extra.limit());
                if (id == 1) {
                    ByteBuffer wide = extra.slice(extra.position(), bytes).order(ByteOrder.LITTLE_ENDIAN);
                    for (int i = 0; i < numbers.length; i++) {
                        if (numbers[i] == 0xffff_ffffL && wide.remaining() >= Long.BYTES) {
                            numbers[i] = wide.getLong();
                        }
                    }
                }
                extra.position(extra.position() + bytes);
            }
        }

        /** Section 4.3.7: the data follow the entry's own header, whose extra fields differ from the directory's. */
        private long dataOffset(String name, long headerOffset, long dataEnd) {
            requireWithin(name, headerOffset, LOCAL_BYTES, dataEnd);
            ByteBuffer header = read(headerOffset, LOCAL_BYTES);
            int nameBytes = u16(header, 26);
            if (header.getInt(0) != MAGIC) {
                throw wrong("the header of " + name + " at byte " + headerOffset, "none");
            }
            requireWithin(name, headerOffset + LOCAL_BYTES, nameBytes, dataEnd);
            budget.chargeText(nameBytes);
            String found = text(read(headerOffset + LOCAL_BYTES, nameBytes), 0, nameBytes);
            if (!found.equals(name)) {
                throw wrong("the header of " + name + " at byte " + headerOffset, "that of " + found);
            }
            return headerOffset + LOCAL_BYTES + nameBytes + u16(header, 28);
        }

        private ByteBuffer read(long offset, int bytes) {
            return file.read(offset, ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN));
        }

        private void requireWithin(String what, long offset, long bytes, long end) {
            if (offset < 0 || bytes < 0 || offset > end || bytes > end - offset) {
                throw wrong(what + " before byte " + end, Long.toUnsignedString(bytes) + " bytes from byte "
                        + Long.toUnsignedString(offset) + " on");
            }
        }

        private InputException wrong(String expected, String found) {
            return new InputException(file.path() + ": zip: expected " + expected + ", found "
                    + PickleValue.describe(found));
        }

        private static String text(ByteBuffer buffer, int offset, int bytes) {
            return StandardCharsets.UTF_8.decode(buffer.slice(offset, bytes)).toString();
        }

        private static int u16(ByteBuffer buffer, int offset) {
            return buffer.getShort(offset) & 0xffff;
        }

        private static long u32(ByteBuffer buffer, int offset) {
            return buffer.getInt(offset) & 0xffff_ffffL;
        }
    }
}
