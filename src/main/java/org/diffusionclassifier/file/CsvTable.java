package org.diffusionclassifier.file;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVParser;
import org.apache.commons.csv.CSVRecord;
import org.apache.commons.csv.DuplicateHeaderMode;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.tensor.TextFile;

/**
 * A CSV file with a header, the form of prompt sets and image lists: UTF-8 with or without a byte order mark, fields
 * quoted as in RFC 4180, empty lines skipped. Commons CSV parses it; this class adds the place of a wrong value.
 *
 * @param columns the header, in the order of the file
 * @param rows    at least one
 */
public record CsvTable(Path file, List<String> columns, List<Row> rows) {

    private static final CSVFormat FORMAT = CSVFormat.DEFAULT.builder()
            .setHeader()
            .setSkipHeaderRecord(true)
            .setAllowMissingColumnNames(true) // as pandas writes the column of a frame's index
            .setDuplicateHeaderMode(DuplicateHeaderMode.ALLOW_EMPTY)
            .get();

    /**
     * @throws InputException for a file that cannot be read, is not UTF-8 or not CSV, has no header, no rows, or a row
     *                        with more or fewer fields than the header
     */
    public static CsvTable read(Path file) {
        try {
            return parse(file, TextFile.read(file));
        } catch (IOException e) {
            throw InputException.unreadable(file, e);
        }
    }

    /** Reads one of the program's own, which lies beside a class. */
    public static CsvTable resource(Class<?> beside, String name) {
        try (var in = beside.getResourceAsStream(name)) {
            return parse(Path.of(name), new String(in.readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static CsvTable parse(Path file, String text) {
        long line = 1;
        try (var parser = CSVParser.parse(text, FORMAT)) {
            var columns = List.copyOf(parser.getHeaderNames());
            if (columns.isEmpty()) {
                throw InputException.at(file, "empty, expected a CSV header");
            }
            var rows = new ArrayList<Row>();
            for (var record : parser) {
                line = parser.getCurrentLineNumber();
                var row = new Row(InputException.name(file) + ":" + line, record);
                if (record.size() != columns.size()) {
                    throw new InputException(row.where + ": expected " + columns.size()
                            + " fields as in the header, found " + record.size());
                }
                rows.add(row);
            }
            if (rows.isEmpty()) {
                throw InputException.at(file, "no rows under the header");
            }
            return new CsvTable(file, columns, List.copyOf(rows));
        } catch (UncheckedIOException | IllegalArgumentException e) { // a quote never closed, two columns of one name
            throw InputException.at(file, "not CSV after line " + line, e);
        } catch (IOException e) {
            throw InputException.unreadable(file, e);
        }
    }

    /**
     * The first of {@code names} that the header has.
     *
     * @throws InputException if it has none of them
     */
    public String column(String... names) {
        for (var name : names) {
            if (columns.contains(name)) {
                return name;
            }
        }
        throw InputException.at(file, "no column " + String.join(" or ", names) + ", found "
                + InputException.quoted(String.join(",", columns)));
    }

    /**
     * One record.
     *
     * @param where {@code FILE:LINE}, the line on which the record ends
     */
    public record Row(String where, CSVRecord fields) {

        public String get(String column) {
            return fields.get(column);
        }

        /**
         * A class index.
         *
         * @throws InputException unless the field is an integer from 0
         */
        public int index(String column) {
            try {
                int index = Integer.parseInt(get(column).strip());
                if (index >= 0) {
                    return index;
                }
            } catch (NumberFormatException e) {
                // refused below, with the negative ones
            }
            throw new InputException(where + ": " + column + ": expected an integer from 0, found "
                    + InputException.quoted(get(column)));
        }
    }
}
