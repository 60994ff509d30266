package org.diffusionclassifier.dataset.published;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.diffusionclassifier.dataset.published.ListedImages.Entry;
import org.diffusionclassifier.image.ImageSize;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

import static org.diffusionclassifier.testing.Fixtures.inputError;
import static org.junit.jupiter.api.Assertions.assertEquals;

/**
 * Data sets that are lists of text, by miniatures in their layouts; that of torchvision has a folder of the data set's
 * name around it.
 */
class PublishedListsTest {

    @TempDir
    Path given;
    private PublishedFolder folder;

    @BeforeEach
    void folder() {
        folder = new PublishedFolder(given);
    }

    @Test
    void food101() throws IOException {
        folder.text("food-101/meta/test.json", """
                        {"pizza": ["pizza/2", "pizza/1"], "apple_pie": ["apple_pie/3"]}
                        """)
                .picture("food-101/images/pizza/1.jpg", 1).picture("food-101/images/pizza/2.jpg", 2)
                .picture("food-101/images/apple_pie/3.jpg", 3);
        for (Path root : List.of(given, given.resolve("food-101"))) {
            var food = Food101.open(root, "test");
            assertEquals(List.of("apple_pie", "pizza"), food.classNames());
            assertEquals(List.of(new Entry("images/pizza/2.jpg", 1), new Entry("images/pizza/1.jpg", 1),
                    new Entry("images/apple_pie/3.jpg", 0)), food.entries());
            assertEquals(2, food.get(0).image().pixels()[2]);
            assertEquals("images/pizza/2.jpg", food.get(0).name());
            assertEquals("Food-101 test " + given.resolve("food-101") + ", 3 images, not turned by EXIF", food.description());
        }
        Path root = given.resolve("food-101");
        refused(root + "/meta/train.json: cannot be read (no such file)", () -> Food101.open(given, "train"));
        refused("split: expected train, test, found \"val\"", () -> Food101.open(given, "val"));
        folder.delete("food-101/images/pizza/1.jpg");
        refused(root + "/meta/test.json: no picture \"images/pizza/1.jpg\" in " + root,
                () -> Food101.open(given, "test"));
        folder.text("food-101/meta/test.json", "[]");
        refused(root + "/meta/test.json: expected a JSON object, found another value",
                () -> Food101.open(given, "test"));
        folder.text("food-101/meta/test.json", "{}");
        refused(root + ": expected pictures of Food-101 test, found none", () -> Food101.open(given, "test"));
    }

    @Test
    void aFolderOneLevelOffIsNamed() throws IOException {
        Path root = given.resolve("data/food-101/food-101");
        folder.text("data/food-101/food-101/meta/test.json", "{}");
        String expected = ": expected Food-101 (meta) in it or in its folder food-101, found ";
        refused(given + expected + "none", () -> Food101.open(given, "test"));
        refused(given.resolve("data") + expected + "it in " + root,
                () -> Food101.open(given.resolve("data"), "test"));
        refused(root.resolve("meta") + expected + "it in " + root, () -> Food101.open(root.resolve("meta"), "test"));
        refused(given.resolve("x") + ": expected the folder of Food-101, found none",
                () -> Food101.open(given.resolve("x"), "test"));
        Path file = root.resolve("meta/test.json");
        refused(file + ": expected the folder of Food-101, found a file", () -> Food101.open(file, "test"));
    }

    @Test
    void aircraft() throws IOException {
        folder.text("fgvc-aircraft-2013b/data/variants.txt", "707-320\nF-16A/B\nCessna 172\n")
                .text("fgvc-aircraft-2013b/data/images_variant_test.txt", "0000002 F-16A/B\n0000001 Cessna 172\n")
                .picture("fgvc-aircraft-2013b/data/images/0000001.jpg", 1)
                .picture("fgvc-aircraft-2013b/data/images/0000002.jpg", 2);
        var aircraft = Aircraft.open(given, Aircraft.Level.VARIANT, "test");
        assertEquals(List.of("707-320", "F-16A/B", "Cessna 172"), aircraft.classNames());
        assertEquals(List.of(new Entry("images/0000002.jpg", 1), new Entry("images/0000001.jpg", 2)),
                aircraft.entries());
        assertEquals(2, aircraft.get(0).image().pixels()[2]);
        Path data = given.resolve("fgvc-aircraft-2013b/data");
        refused(data + "/families.txt: cannot be read (no such file)",
                () -> Aircraft.open(given, Aircraft.Level.FAMILY, "test"));
        folder.text("fgvc-aircraft-2013b/data/images_variant_test.txt", "0000002 Spitfire\n");
        refused(data + "/images_variant_test.txt:1: expected a class of variants.txt, found \"0000002 Spitfire\"",
                () -> Aircraft.open(given, Aircraft.Level.VARIANT, "test"));
        folder.text("fgvc-aircraft-2013b/data/variants.txt", "707-320\n\n707-320\n");
        refused(data + "/variants.txt:3: \"707-320\" is there twice",
                () -> Aircraft.open(given, Aircraft.Level.VARIANT, "test"));
    }

    @Test
    void pets() throws IOException {
        folder.text("annotations/test.txt", "Abyssinian_201 1 1 1\namerican_bulldog_7 2 2 1\n")
                .picture("images/Abyssinian_201.jpg", 1).picture("images/american_bulldog_7.jpg", 2)
                .picture("images/beagle_1.jpg", 3);
        var pets = Pets.open(given, "test");
        assertEquals(List.of("Abyssinian", "American Bulldog"), pets.classNames());
        assertEquals(List.of(new Entry("images/Abyssinian_201.jpg", 0), new Entry("images/american_bulldog_7.jpg", 1)),
                pets.entries());
        Path list = given.resolve("annotations/test.txt");
        folder.text("annotations/test.txt", "Abyssinian_201 38 1 1\n");
        refused(list + ":1: expected a class from 1 to 37, found \"38\"", () -> Pets.open(given, "test"));
        folder.text("annotations/test.txt", "Abyssinian_201 1 1 1\namerican_bulldog_7 1 2 1\n");
        refused(list + ":2: expected pictures of Abyssinian in class 1, found \"american_bulldog_7 1 2 1\"",
                () -> Pets.open(given, "test"));
        folder.text("annotations/test.txt", "Abyssinian_201 3 1 1\n");
        refused(list + ": expected pictures of every class up to 3, found 1 classes", () -> Pets.open(given, "test"));
        folder.text("annotations/test.txt", "Abyssinian_201 1\n");
        refused(list + ":1: expected a picture, its class, species and breed, found \"Abyssinian_201 1\"",
                () -> Pets.open(given, "test"));
        folder.text("annotations/test.txt", "Abyssinian 1 1 1\n");
        refused(list + ":1: expected BREED_NUMBER, found \"Abyssinian 1 1 1\"", () -> Pets.open(given, "test"));
        folder.text("annotations/test.txt", "\n");
        refused(list + ": expected a list, found an empty file", () -> Pets.open(given, "test"));
    }

    @Test
    void kagglesImageNet() throws IOException {
        folder.text("LOC_synset_mapping.txt", "n01440764 tench, Tinca tinca\nn02119789 kit fox\n")
                .text("LOC_val_solution.csv", """
                        ImageId,PredictionString
                        ILSVRC2012_val_00000002,n01440764 1 2 3 4 n01440764 5 6 7 8\s
                        ILSVRC2012_val_00000001,n02119789 1 2 3 4\s
                        """)
                .picture("ILSVRC/Data/CLS-LOC/val/ILSVRC2012_val_00000001.JPEG", 1)
                .picture("ILSVRC/Data/CLS-LOC/val/ILSVRC2012_val_00000002.JPEG", 2);
        var pictures = ImageNet.openKaggle(given);
        assertEquals(List.of("n01440764", "n02119789"), pictures.classNames());
        assertEquals(List.of(1, 0), pictures.entries().stream().map(Entry::label).toList());
        folder.text("LOC_synset_mapping.txt", "n01440764 tench, Tinca tinca\n");
        refused(given + "/LOC_val_solution.csv:3: expected a class of LOC_synset_mapping.txt, found \"n02119789\"",
                () -> ImageNet.openKaggle(given));
    }

    @Test
    void objectNetWithoutItsBorder() throws IOException {
        folder.picture("objectnet-1.0/images/fan/b.png", 2).picture("objectnet-1.0/images/fan/a.png", 1)
                .picture("objectnet-1.0/images/chair/c.png", 3).picture("objectnet-1.0/images/other/d.png", 4)
                .text("objectnet-1.0/images/fan/Thumbs.db", "");
        var objects = ObjectNet.open(given, List.of("fan", "chair"));
        assertEquals(3, objects.size());
        assertEquals("images/fan/a.png", objects.get(0).name());
        assertEquals(1, objects.get(2).label());
        assertEquals(new ImageSize(2, 1), objects.get(0).image().size());
        refused(given + "/objectnet-1.0/images/wok: cannot be read (no such file)",
                () -> ObjectNet.open(given, List.of("wok")));
        Files.createDirectory(given.resolve("objectnet-1.0/images/wok"));
        refused(given + "/objectnet-1.0/images/wok: expected pictures (.png), found none",
                () -> ObjectNet.open(given, List.of("wok")));
    }

    @Test
    void clevrCountsObjects() throws IOException {
        folder.text("CLEVR_v1.0/scenes/CLEVR_val_scenes.json", """
                {"info": {"split": "val"}, "scenes": [
                 {"image_filename": "CLEVR_val_000001.png", "objects": [{"3d_coords": [1, 2, 3]}, {}, {}],
                  "relationships": {"left": [[1], []]}},
                 {"objects": [], "split": "val", "image_filename": "CLEVR_val_000000.png"}]}
                """).picture("CLEVR_v1.0/images/val/CLEVR_val_000001.png", 1)
                .picture("CLEVR_v1.0/images/val/CLEVR_val_000000.png", 0);
        assertEquals(List.of(new Entry("images/val/CLEVR_val_000001.png", 3),
                new Entry("images/val/CLEVR_val_000000.png", 0)), ClevrCount.open(given, "val").entries());
        Path file = given.resolve("CLEVR_v1.0/scenes/CLEVR_val_scenes.json");
        folder.text("CLEVR_v1.0/scenes/CLEVR_val_scenes.json", "{\"scenes\": [{\"objects\": []}]}");
        refused(file + ": scenes[0]: expected image_filename and objects, found no image_filename",
                () -> ClevrCount.open(given, "val"));
        folder.text("CLEVR_v1.0/scenes/CLEVR_val_scenes.json", "{\"scenes\": [{\"objects\": [");
        refused(file + ": broken JSON in line 1", () -> ClevrCount.open(given, "val"));
        refused("split: expected train, val, found \"test\"", () -> ClevrCount.open(given, "test"));
    }

    private static void refused(String message, Executable action) {
        assertEquals(message, inputError(action));
    }
}
