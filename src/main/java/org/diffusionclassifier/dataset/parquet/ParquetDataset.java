package org.diffusionclassifier.dataset.parquet;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.schema.GroupType;
import org.apache.parquet.schema.MessageType;
import org.diffusionclassifier.dataset.Dataset;
import org.diffusionclassifier.image.ImageDecoder;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.image.Turning;
import org.diffusionclassifier.tensor.InputException;

/**
 * Labelled pictures in Parquet files, whole files as bytes. Labels are read when the data set is opened. Of the
 * pictures, those of one row group at a time are held, so that reading them in order is one pass over the files.
 */
final class ParquetDataset implements Dataset {

    private final String description;
    private final List<String> classNames;
    private final List<RowGroup> groups;
    private final Turning turning;
    private RowGroup held;
    private List<byte[]> pictures;

    /**
     * Some consecutive rows of a file.
     *
     * @param first  the number of the first in the data set
     * @param inFile the number of the first in the file
     */
    private record RowGroup(Path file, Columns columns, int number, int first, int inFile, int[] labels) {
    }

    private ParquetDataset(String description, List<String> classNames, List<RowGroup> groups, Turning turning) {
        this.description = description;
        this.classNames = classNames;
        this.groups = groups;
        this.turning = turning;
    }

    static ParquetDataset open(Path path, String split, Turning turning) {
        var groups = new ArrayList<RowGroup>();
        List<String> classNames = null;
        int rows = 0;
        for (Path file : Shards.of(path, split)) {
            Columns columns = ParquetRows.read(file, reader -> add(groups, file, reader));
            if (classNames != null && !classNames.equals(columns.classNames())) {
                throw new InputException(file + ": expected the class names of the shard before, found others");
            }
            classNames = columns.classNames();
        }
        for (RowGroup group : groups) {
            rows += group.labels.length;
        }
        if (rows == 0) {
            throw new InputException(path + ": expected pictures, found no rows");
        }
        return new ParquetDataset("parquet " + path + ", " + rows + " images"
                + (turning == Turning.STORED ? ", not turned by EXIF" : ""), classNames, List.copyOf(groups), turning);
    }

    /** Notes a file's row groups with their labels. */
    private static Columns add(List<RowGroup> groups, Path file, ParquetFileReader reader) throws IOException {
        MessageType schema = reader.getFileMetaData().getSchema();
        Columns columns = Columns.of(schema, reader.getFileMetaData().getKeyValueMetaData(), file.toString());
        var wanted = new MessageType(schema.getName(), schema.getType(columns.label()));
        int first = 0;
        if (!groups.isEmpty()) {
            RowGroup last = groups.get(groups.size() - 1);
            first = last.first + last.labels.length;
        }
        int inFile = 0;
        for (int number = 0; number < reader.getRowGroups().size(); number++) {
            List<Group> rows = ParquetRows.of(reader, wanted, number);
            var labels = new int[rows.size()];
            for (int row = 0; row < labels.length; row++) {
                labels[row] = label(rows.get(row), columns, file + ": row " + (inFile + row));
            }
            groups.add(new RowGroup(file, columns, number, first + inFile, inFile, labels));
            inFile += labels.length;
        }
        return columns;
    }

    private static int label(Group row, Columns columns, String where) {
        int classes = columns.classNames().isEmpty() ? Integer.MAX_VALUE : columns.classNames().size();
        if (row.getFieldRepetitionCount(columns.label()) == 0) {
            throw new InputException(where + ": expected a class, found none");
        }
        long label = row.getLong(columns.label(), 0);
        if (label < 0 || label >= classes) {
            throw new InputException(where + ": expected a class from 0 to " + (classes - 1) + ", found " + label);
        }
        return (int) label;
    }

    @Override
    public int size() {
        RowGroup last = groups.get(groups.size() - 1);
        return last.first + last.labels.length;
    }

    private RowGroup group(int index) {
        Objects.checkIndex(index, size());
        int at = 0;
        while (index >= groups.get(at).first + groups.get(at).labels.length) {
            at++;
        }
        return groups.get(at);
    }

    @Override
    public String name(int index) {
        RowGroup group = group(index);
        return group.file.getFileName() + "#" + (group.inFile + index - group.first);
    }

    @Override
    public int label(int index) {
        RowGroup group = group(index);
        return group.labels[index - group.first];
    }

    @Override
    public Path file(int index) {
        return group(index).file;
    }

    @Override
    public RgbImage image(int index) {
        RowGroup group = group(index);
        int row = index - group.first;
        byte[] picture = picture(group, row);
        if (picture == null) {
            throw new InputException(group.file + ": row " + (group.inFile + row) + ": expected a picture's bytes, "
                    + "found none (a path alone leads out of the data set)");
        }
        return ImageDecoder.read(picture, name(index), turning);
    }

    private synchronized byte[] picture(RowGroup group, int row) {
        if (group != held) {
            pictures = null;    // before the next ones are read
            pictures = ParquetRows.read(group.file, reader -> pictures(reader, group));
            held = group;
        }
        return pictures.get(row);
    }

    private static List<byte[]> pictures(ParquetFileReader reader, RowGroup group) throws IOException {
        MessageType schema = reader.getFileMetaData().getSchema();
        GroupType image = schema.getType(group.columns.image()).asGroupType();
        var wanted = new MessageType(schema.getName(), image.withNewFields(image.getType("bytes")));
        var pictures = new ArrayList<byte[]>();
        for (Group row : ParquetRows.of(reader, wanted, group.number)) {
            boolean none = row.getFieldRepetitionCount(0) == 0 || row.getGroup(0, 0).getFieldRepetitionCount(0) == 0;
            pictures.add(none ? null : row.getGroup(0, 0).getBinary(0, 0).getBytes());
        }
        return pictures;
    }

    @Override
    public List<String> classNames() {
        return classNames;
    }

    @Override
    public String description() {
        return description;
    }
}
