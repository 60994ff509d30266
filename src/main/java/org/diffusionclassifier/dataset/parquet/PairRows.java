package org.diffusionclassifier.dataset.parquet;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.schema.GroupType;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Type;
import org.diffusionclassifier.file.JsonFile;
import org.diffusionclassifier.tensor.InputException;

/**
 * Winoground as the Hugging Face hub has it: a row an example, with the columns {@code image_0}, {@code image_1}
 * (structures of {@code bytes} and {@code path}), {@code caption_0}, {@code caption_1}, {@code tag} and
 * {@code collapsed_tag}. They become what it was published as before: {@code examples.jsonl} and the folder
 * {@code images}. The pictures keep their bytes; the names in the file are not used.
 */
final class PairRows {

    private static final List<String> IMAGES = List.of("image_0", "image_1");
    private static final List<String> CAPTIONS = List.of("caption_0", "caption_1");
    private static final List<String> TAGS = List.of("tag", "collapsed_tag");

    private final Path folder;
    private final StringBuilder lines = new StringBuilder();
    private int number;

    private PairRows(Path folder) {
        this.folder = folder;
    }

    /** @throws InputException for files without these columns, or without their values */
    static void unpack(List<Path> files, Path folder) throws IOException {
        var pairs = new PairRows(folder);
        Files.createDirectories(folder.resolve("images"));
        for (Path file : files) {
            ParquetRows.read(file, reader -> pairs.add(file, reader));
        }
        Files.writeString(folder.resolve("examples.jsonl"), pairs.lines);
    }

    private int add(Path file, ParquetFileReader reader) throws IOException {
        MessageType schema = reader.getFileMetaData().getSchema();
        MessageType wanted = wanted(schema, file);
        int first = number;
        for (int group = 0; group < reader.getRowGroups().size(); group++) {
            for (Group row : ParquetRows.of(reader, wanted, group)) {
                add(row, file, number - first);
            }
        }
        return number;
    }

    private static MessageType wanted(MessageType schema, Path file) {
        var wanted = new ArrayList<Type>();
        for (String image : IMAGES) {
            if (!schema.containsField(image) || schema.getType(image).isPrimitive()
                    || !schema.getType(image).asGroupType().containsField("bytes")
                    || !isBinary(schema.getType(image).asGroupType().getType("bytes"))) {
                throw wrong(schema, file, "a column of pictures (" + image + ": a structure of bytes and path)");
            }
            GroupType type = schema.getType(image).asGroupType();
            wanted.add(type.withNewFields(type.getType("bytes")));
        }
        for (String caption : CAPTIONS) {
            if (!schema.containsField(caption) || !isBinary(schema.getType(caption))) {
                throw wrong(schema, file, "a column of captions (" + caption + ": text)");
            }
            wanted.add(schema.getType(caption));
        }
        TAGS.stream().filter(schema::containsField).map(schema::getType).filter(PairRows::isBinary)
                .forEach(wanted::add);
        return new MessageType(schema.getName(), wanted);
    }

    private static boolean isBinary(Type type) {
        return type.isPrimitive() && type.asPrimitiveType().getPrimitiveTypeName() == PrimitiveTypeName.BINARY
                && !type.isRepetition(Type.Repetition.REPEATED);
    }

    private static InputException wrong(MessageType schema, Path file, String expected) {
        List<String> found = schema.getFields().stream().map(Type::getName).toList();
        return InputException.at(file, "expected " + expected + ", found the columns "
                + InputException.quoted(String.join(", ", found)));
    }

    private void add(Group row, Path file, int inFile) throws IOException {
        ObjectNode line = JsonFile.MAPPER.createObjectNode();
        for (String image : IMAGES) {
            if (row.getFieldRepetitionCount(image) == 0
                    || row.getGroup(image, 0).getFieldRepetitionCount("bytes") == 0) {
                throw InputException.at(file, "row " + inFile + ": expected a picture's bytes in " + image
                        + ", found none");
            }
            String name = "ex_" + number + "_img_" + image.substring(image.length() - 1);
            Files.write(folder.resolve("images").resolve(name + ".png"),
                    row.getGroup(image, 0).getBinary("bytes", 0).getBytes());
            line.put(image, name);
        }
        for (Type field : row.getType().getFields()) {
            if (field.isPrimitive() && row.getFieldRepetitionCount(field.getName()) > 0) {
                line.put(field.getName(), new String(row.getBinary(field.getName(), 0).getBytes(),
                        StandardCharsets.UTF_8));
            }
        }
        lines.append(JsonFile.MAPPER.writeValueAsString(line)).append('\n');
        number++;
    }
}
