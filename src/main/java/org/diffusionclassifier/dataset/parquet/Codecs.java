package org.diffusionclassifier.dataset.parquet;

import io.airlift.compress.Decompressor;
import io.airlift.compress.lz4.Lz4Decompressor;
import io.airlift.compress.snappy.SnappyDecompressor;
import io.airlift.compress.zstd.ZstdDecompressor;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.zip.GZIPInputStream;
import org.apache.parquet.bytes.BytesInput;
import org.apache.parquet.compression.CompressionCodecFactory;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;

/** What pages are compressed with, in Java alone: parquet-java's own codecs are Hadoop's, with native libraries. */
final class Codecs implements CompressionCodecFactory {

    /** A page holds a megabyte in most files; one picture at least. */
    private static final int MAX_PAGE = 256 << 20;

    /** Unpacks a page that says how long it is. */
    @FunctionalInterface
    private interface Codec {

        byte[] unpack(byte[] packed, int length) throws IOException;
    }

    private record Unpacking(Codec codec) implements BytesInputDecompressor {

        @Override
        public BytesInput decompress(BytesInput packed, int length) throws IOException {
            if (length < 0 || length > MAX_PAGE) {
                throw new IOException("a page of " + length + " bytes, expected at most " + MAX_PAGE);
            }
            return BytesInput.from(codec.unpack(packed.toByteArray(), length));
        }

        @Override
        public void decompress(ByteBuffer packed, int packedLength, ByteBuffer out, int length) throws IOException {
            var bytes = new byte[packedLength];
            packed.get(bytes);
            out.put(decompress(BytesInput.from(bytes), length).toByteArray());
        }

        @Override
        public void release() {
            // holds nothing
        }
    }

    @Override
    public BytesInputDecompressor getDecompressor(CompressionCodecName name) {
        return new Unpacking(switch (name) {
            case UNCOMPRESSED -> (packed, length) -> packed;
            case SNAPPY -> with(new SnappyDecompressor());
            case ZSTD -> with(new ZstdDecompressor());
            case LZ4_RAW -> with(new Lz4Decompressor());
            case GZIP -> (packed, length) -> {
                try (var in = new GZIPInputStream(new ByteArrayInputStream(packed))) {
                    return in.readNBytes(length);
                }
            };
            default -> throw new IllegalArgumentException("pages compressed with " + name);
        });
    }

    private static Codec with(Decompressor decompressor) {
        return (packed, length) -> {
            var out = new byte[length];
            int written = decompressor.decompress(packed, 0, packed.length, out, 0, length);
            if (written != length) {
                throw new IOException("a page of " + written + " bytes, expected " + length);
            }
            return out;
        };
    }

    @Override
    public BytesInputCompressor getCompressor(CompressionCodecName name) {
        throw new UnsupportedOperationException("nothing is written");
    }

    @Override
    public void release() {
        // holds nothing
    }
}
