package org.diffusionclassifier.dataset.parquet;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.parquet.ParquetReadOptions;
import org.apache.parquet.conf.PlainParquetConfiguration;
import org.apache.parquet.column.page.PageReadStore;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.example.data.simple.convert.GroupRecordConverter;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.metadata.BlockMetaData;
import org.apache.parquet.hadoop.metadata.ColumnChunkMetaData;
import org.apache.parquet.io.ColumnIOFactory;
import org.apache.parquet.io.LocalInputFile;
import org.apache.parquet.schema.MessageType;
import org.diffusionclassifier.tensor.InputException;

/** Opens Parquet files, and reads rows of some of their columns. Leans on parquet-java, and trusts no size in a file. */
final class ParquetRows {

    /** Of a row group's pictures: the library {@code datasets} makes groups of a hundred rows. */
    private static final long MAX_GROUP = 1L << 30;

    private ParquetRows() {
    }

    /** The rows of a row group, with the columns wanted alone. */
    static List<Group> of(ParquetFileReader reader, MessageType wanted, int number) throws IOException {
        reader.setRequestedSchema(wanted);
        var rows = new ArrayList<Group>();
        try (PageReadStore pages = reader.readRowGroup(number)) {
            var records = new ColumnIOFactory().getColumnIO(wanted).getRecordReader(pages,
                    new GroupRecordConverter(wanted));
            for (long row = 0; row < pages.getRowCount(); row++) {
                rows.add(records.read());
            }
        }
        return rows;
    }

    /** What the footer says of sizes decides what is allocated. */
    private static void requireSizes(ParquetFileReader reader, Path file) throws IOException {
        for (BlockMetaData group : reader.getRowGroups()) {
            for (ColumnChunkMetaData chunk : group.getColumns()) {
                long end = chunk.getStartingPos() + chunk.getTotalSize();
                if (chunk.getTotalSize() < 0 || chunk.getTotalSize() > MAX_GROUP || end < 0 || end > Files.size(file)
                        || chunk.getTotalUncompressedSize() > MAX_GROUP) {
                    throw new InputException(file + ": expected row groups of at most " + (MAX_GROUP >> 20)
                            + " MiB inside the file, found one of " + chunk.getTotalSize() + " bytes");
                }
            }
        }
    }

    /** What is read of a file while it is open. */
    @FunctionalInterface
    interface Use<T> {

        T of(ParquetFileReader reader) throws IOException;
    }

    /** @throws InputException for a broken file; whatever {@code use} throws */
    static <T> T read(Path file, Use<T> use) {
        ParquetReadOptions options = ParquetReadOptions.builder(new PlainParquetConfiguration())
                .withCodecFactory(new Codecs()).build();
        try (var reader = ParquetFileReader.open(new LocalInputFile(file), options)) {
            requireSizes(reader, file);
            return use.of(reader);
        } catch (InputException e) {
            throw e;
        } catch (IOException | RuntimeException e) {    // parquet-java throws both for a broken file
            throw new InputException(file + ": broken Parquet file: " + String.valueOf(e.getMessage()).lines()
                    .findFirst().orElse(e.getClass().getSimpleName()), e);
        }
    }
}
