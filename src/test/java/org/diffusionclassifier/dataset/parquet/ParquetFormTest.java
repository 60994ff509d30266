package org.diffusionclassifier.dataset.parquet;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.ServiceLoader;
import org.apache.parquet.conf.PlainParquetConfiguration;
import org.apache.parquet.example.data.simple.SimpleGroup;
import org.apache.parquet.hadoop.example.ExampleParquetWriter;
import org.apache.parquet.io.LocalOutputFile;
import org.apache.parquet.io.api.Binary;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.MessageTypeParser;
import org.diffusionclassifier.dataset.Dataset;
import org.diffusionclassifier.dataset.DatasetForm;
import org.diffusionclassifier.file.AtomicFolder;
import org.diffusionclassifier.image.Turning;
import org.diffusionclassifier.tensor.InputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import static org.diffusionclassifier.testing.Fixtures.inputError;
import static org.diffusionclassifier.testing.Fixtures.resource;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Files that DuckDB wrote (src/test/resources/parquet/make.sql); the grey level of a picture is its number. */
class ParquetFormTest {

    @TempDir
    Path folder;

    @Test
    void isFoundAsAService() {
        assertEquals(List.of("parquet"), ServiceLoader.load(DatasetForm.class).stream().map(form -> form.get().name())
                .toList());
    }

    @Test
    void readsTheShardsOfASplitAsTheHubHasThem() {
        Path hub = resource("parquet/make.sql").getParent();
        for (Path path : List.of(hub, hub.resolve("data"))) {
            var test = new ParquetForm().open(path, "test", Turning.UPRIGHT);
            assertEquals(5, test.size());
            assertEquals(List.of("cat", "dog", "fox"), test.classNames());
            assertEquals("parquet " + path + ", 5 images", test.description());
            assertEquals("test-00001-of-00002.parquet#0", test.get(3).name());
            requirePictures(test, 0, 1, 2, 3, 4);
            requirePictures(test, 4, 0, 3, 2);
            assertThrows(IndexOutOfBoundsException.class, () -> test.get(5));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"zstd", "gzip", "lz4", "uncompressed", "version2"})
    void readsPagesInAnyCodec(String name) {
        var pictures = new ParquetForm().open(resource("parquet/" + name + ".parquet"), "any", Turning.UPRIGHT);
        assertEquals(5, pictures.size());
        assertEquals(List.of(), pictures.classNames());
        requirePictures(pictures, 0, 1, 2, 3, 4);
    }

    @Test
    void readsRowGroupsInAnyOrder() {
        var pictures = new ParquetForm().open(resource("parquet/groups.parquet"), "any", Turning.UPRIGHT);
        assertEquals(5000, pictures.size());
        assertEquals("groups.parquet#4999", pictures.get(4999).name());
        requirePictures(pictures, 2047, 2048, 0, 4096, 4999, 4095);
    }

    private static void requirePictures(Dataset dataset, int... numbers) {
        for (int number : numbers) {
            var example = dataset.get(number);
            assertEquals(number % 5, example.image().pixels()[0], example.name());
            assertEquals(number % 5 % 3, example.label(), example.name());
        }
    }

    @Test
    void readsAFolderASplit() throws IOException {
        Path split = Files.createDirectories(folder.resolve("validation"));
        Files.copy(resource("parquet/zstd.parquet"), split.resolve("0000.parquet"));
        Files.copy(resource("parquet/gzip.parquet"), split.resolve("0001.parquet"));
        var validation = new ParquetForm().open(folder, "validation", Turning.UPRIGHT);
        assertEquals(10, validation.size());
        requirePictures(validation, 9, 5, 0);
        assertEquals(10, new ParquetForm().open(folder, "val", Turning.UPRIGHT).size());
    }

    /** As of ImageNet-A, which is published as one, and which the hub calls test. */
    @Test
    void readsAllSplits() throws IOException {
        Files.copy(resource("parquet/zstd.parquet"), folder.resolve("validation.parquet"));
        Path split = Files.createDirectories(folder.resolve("test"));
        Files.copy(resource("parquet/gzip.parquet"), split.resolve("0000.parquet"));
        var all = new ParquetForm().open(folder, "all", Turning.UPRIGHT);
        assertEquals(10, all.size());
        assertEquals("0000.parquet#0", all.get(0).name());
        requirePictures(all, 9, 5, 0);
    }

    /** Written by parquet-java. */
    @Test
    void picturesAreTurnedOrAsStored() throws IOException {
        MessageType schema = MessageTypeParser.parseMessageType(
                "message rows { optional group image { optional binary bytes; } optional int64 label; }");
        Path file = folder.resolve("turned.parquet");
        try (var writer = ExampleParquetWriter.builder(new LocalOutputFile(file)).withType(schema)
                .withConf(new PlainParquetConfiguration()).build()) {
            var row = new SimpleGroup(schema);
            row.addGroup("image").add("bytes", Binary.fromConstantByteArray(
                    Files.readAllBytes(resource("image/orientation-6.png"))));
            row.add("label", 0L);
            writer.write(row);
        }
        var upright = new ParquetForm().open(file, "any", Turning.UPRIGHT);
        var stored = new ParquetForm().open(file, "any", Turning.STORED);
        assertEquals(upright.image(0).height(), stored.image(0).width());
        assertEquals(upright.image(0).width(), stored.image(0).height());
        assertEquals("parquet " + file + ", 1 images, not turned by EXIF", stored.description());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', textBlock = """
            beyond|row 2: expected a class from 0 to 2, found 3
            null|row 0: expected a class, found none
            text|expected a column of pictures (image: a structure of bytes and path), found the columns "text, label"
            names|expected a column of classes (label: int64), found the columns "image, label"
            none|expected pictures, found no rows
            brotli|broken Parquet file: pages compressed with BROTLI
            """)
    void refusesOtherContents(String name, String message) {
        Path file = resource("parquet/" + name + ".parquet");
        assertEquals(file + ": " + message, inputError(() -> new ParquetForm().open(file, "any", Turning.UPRIGHT)));
    }

    @Test
    void refusesAPathWithoutItsPicture() {
        Path file = resource("parquet/path.parquet");
        var paths = new ParquetForm().open(file, "any", Turning.UPRIGHT);
        assertEquals(file + ": row 0: expected a picture's bytes, found none (a path alone leads out of the data set)",
                inputError(() -> paths.get(0)));
    }

    /** Pairs in Winoground's columns, of which a column or a picture is missing; nothing is left of them. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', textBlock = """
            pair-image|expected a column of pictures (image_0: a structure of bytes and path), found the columns "id, \
            image_1, caption_0, caption_1, tag, secondary_tag, num_main_preds, collapsed_tag"
            pair-caption|expected a column of captions (caption_1: text), found the columns "id, image_0, image_1, \
            caption_0, tag, secondary_tag, num_main_preds, collapsed_tag"
            pair-path|row 0: expected a picture's bytes in image_1, found none
            """)
    void refusesOtherPairs(String name, String message) throws IOException {
        Path file = resource("parquet/" + name + ".parquet");
        assertEquals(file + ": " + message, inputError(() -> AtomicFolder.make(folder.resolve("pairs"), made ->
                new ParquetForm().unpackPairs(file, "test", made))));
        try (var left = Files.list(folder)) {
            assertEquals(0, left.count());
        }
    }

    @Test
    void refusesMissingShardsAndSplits() throws IOException {
        Path shard = Files.copy(resource("parquet/data/test-00000-of-00002.parquet"),
                folder.resolve("test-00000-of-00002.parquet"));
        assertEquals(shard + ": expected 2 shards beside each other, found 1",
                inputError(() -> new ParquetForm().open(folder, "test", Turning.UPRIGHT)));
        assertEquals(folder + ": no split \"val\", found test",
                inputError(() -> new ParquetForm().open(folder, "val", Turning.UPRIGHT)));
        Files.delete(shard);
        assertEquals(folder + ": no split \"val\", found no .parquet file",
                inputError(() -> new ParquetForm().open(folder, "val", Turning.UPRIGHT)));
    }

    /** Every broken file is refused, or read as something, in little memory. */
    @ParameterizedTest
    @ValueSource(strings = {"zstd", "gzip", "version2", "data/test-00000-of-00002"})
    void outlivesDamage(String name) throws IOException {
        byte[] whole = Files.readAllBytes(resource("parquet/" + name + ".parquet"));
        var random = new Random(1);
        int refused = 0;
        for (int i = 0; i < 500; i++) {
            byte[] bytes = i % 3 == 0 ? Arrays.copyOf(whole, random.nextInt(whole.length)) : whole.clone();
            for (int change = 0; change <= i % 3 && bytes.length > 0; change++) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
            }
            Path file = Files.write(folder.resolve("damaged.parquet"), bytes);
            try {
                var dataset = new ParquetForm().open(file, "any", Turning.UPRIGHT);
                for (int row = 0; row < Math.min(dataset.size(), 5); row++) {
                    dataset.get(row);
                }
            } catch (InputException e) {
                refused++;
            }
        }
        assertTrue(refused > 200, refused + " refused");
    }
}
