package org.diffusionclassifier.pytorch;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Writes zip files of stored entries byte by byte, honest or not: every field of an {@link Entry} goes into the
 * directory as it stands. Layout: APPNOTE.TXT, sections 4.3.7, 4.3.12, 4.3.14 to 4.3.16.
 */
public final class ZipBytes {

    /**
     * @param localName  the name in the entry's own header
     * @param claimed    bytes, as the directory says
     * @param padding    bytes of the own header's extra field, with which torch.save aligns the data
     */
    record Entry(String name, String localName, byte[] data, long claimed, int method, int flags, int padding) {

        static Entry of(String name, byte[] data) {
            return new Entry(name, name, data, data.length, 0, 0, 13);
        }

        Entry localName(String other) {
            return new Entry(name, other, data, claimed, method, flags, padding);
        }

        Entry claiming(long bytes) {
            return new Entry(name, localName, data, bytes, method, flags, padding);
        }

        Entry method(int other) {
            return new Entry(name, localName, data, claimed, other, flags, padding);
        }

        Entry flags(int other) {
            return new Entry(name, localName, data, claimed, method, other, padding);
        }
    }

    private ZipBytes() {
    }

    /** @param zip64 whether sizes and offsets are in the fields of 64 bits, where a Python writer puts large ones */
    public static byte[] write(boolean zip64, List<Entry> entries) {
        var out = new ByteArrayOutputStream();
        var headers = new ArrayList<byte[]>();
        for (Entry entry : entries) {
            long offset = out.size();
            byte[] local = entry.localName.getBytes(StandardCharsets.UTF_8);
            out.writeBytes(buffer(30 + local.length + entry.padding).putInt(0x04034b50)
                    .position(26).putShort((short) local.length).putShort((short) entry.padding).put(local).array());
            out.writeBytes(entry.data);
            headers.add(header(zip64 || entry.claimed > 0xffff_ffffL, entry, offset));
        }
        long start = out.size();
        headers.forEach(out::writeBytes);
        long bytes = out.size() - start;
        if (zip64) {
            long end = out.size();
            out.writeBytes(buffer(56).putInt(0x06064b50).putLong(44).position(24).putLong(entries.size())
                    .putLong(entries.size()).putLong(bytes).putLong(start).array());
            out.writeBytes(buffer(20).putInt(0x07064b50).putInt(0).putLong(end).putInt(1).array());
        }
        out.writeBytes(buffer(22).putInt(0x06054b50).position(8).putShort((short) (zip64 ? -1 : entries.size()))
                .putShort((short) (zip64 ? -1 : entries.size())).putInt(zip64 ? -1 : (int) bytes)
                .putInt(zip64 ? -1 : (int) start).array());
        return out.toByteArray();
    }

    private static byte[] header(boolean zip64, Entry entry, long offset) {
        byte[] name = entry.name.getBytes(StandardCharsets.UTF_8);
        ByteBuffer header = buffer(46 + name.length + (zip64 ? 28 : 0)).putInt(0x02014b50).position(8)
                .putShort((short) entry.flags).putShort((short) entry.method).position(20)
                .putInt(zip64 ? -1 : (int) entry.claimed).putInt(zip64 ? -1 : (int) entry.claimed)
                .putShort((short) name.length).putShort((short) (zip64 ? 28 : 0)).position(42)
                .putInt(zip64 ? -1 : (int) offset).put(name);
        if (zip64) {
            header.putShort((short) 1).putShort((short) 24).putLong(entry.claimed).putLong(entry.claimed)
                    .putLong(offset);
        }
        return header.array();
    }

    private static ByteBuffer buffer(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }
}
