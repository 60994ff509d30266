package org.diffusionclassifier.dataset.published;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.diffusionclassifier.dataset.published.ListedImages.Entry;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

import static org.diffusionclassifier.testing.Fixtures.inputError;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

/** Data sets whose labels or pictures are binary, by miniatures that SciPy and NumPy wrote (published/make.py). */
class PublishedBinariesTest {

    private static final String NAMES = "airplane\nbird\ncar\ncat\ndeer\ndog\nhorse\nmonkey\nship\ntruck\n";

    @TempDir
    Path given;
    private PublishedFolder folder;

    @BeforeEach
    void folder() {
        folder = new PublishedFolder(given);
    }

    @Test
    void flowers102() throws IOException {
        folder.copy("imagelabels.mat", "flowers-102/imagelabels.mat").copy("setid.mat", "flowers-102/setid.mat");
        for (int number = 1; number <= 4; number++) {
            folder.picture("flowers-102/jpg/image_0000" + number + ".jpg", number);
        }
        assertEquals(List.of(new Entry("jpg/image_00004.jpg", 1), new Entry("jpg/image_00002.jpg", 0)),
                Flowers102.open(given, "test").entries());
        assertEquals(List.of(new Entry("jpg/image_00003.jpg", 101)), Flowers102.open(given, "val").entries());
        Path root = given.resolve("flowers-102");
        folder.delete("flowers-102/jpg/image_00002.jpg");
        refused(root + "/setid.mat: no picture \"jpg/image_00002.jpg\" in " + root,
                () -> Flowers102.open(given, "test"));
        folder.copy("setid-5.mat", "flowers-102/setid.mat");
        refused(root + "/setid.mat: trnid(1): expected a whole number from 1 to 4, found 5.0",
                () -> Flowers102.open(given, "train"));
        refused(root + "/setid.mat: no variable tstid, found \"trnid\"", () -> Flowers102.open(given, "test"));
        folder.copy("imagelabels-103.mat", "flowers-102/imagelabels.mat");
        refused(root + "/imagelabels.mat: labels(3): expected a whole number from 1 to 102, found 103.0",
                () -> Flowers102.open(given, "test"));
        folder.delete("flowers-102/imagelabels.mat");
        refused(root + "/imagelabels.mat: cannot be read (no such file)", () -> Flowers102.open(given, "test"));
    }

    @Test
    void imageNetByItsDevkit() throws IOException {
        String data = "ILSVRC2012_devkit_t12/data/";
        folder.copy("meta.mat", data + "meta.mat")
                .text(data + "ILSVRC2012_validation_ground_truth.txt", "1\n3\n2\n1\n");
        for (int number = 1; number <= 4; number++) {
            folder.picture("pictures/ILSVRC2012_val_0000000" + number + ".JPEG", number);
        }
        var pictures = ImageNet.open(given.resolve("pictures"), given);
        assertEquals(List.of("n01440764", "n02119789", "n03255030"), pictures.classNames());
        assertEquals(List.of(1, 2, 0, 1), pictures.entries().stream().map(Entry::label).toList());
        assertEquals(3, pictures.get(2).image().pixels()[2]);
        Path truth = given.resolve(data + "ILSVRC2012_validation_ground_truth.txt");
        folder.text(data + "ILSVRC2012_validation_ground_truth.txt", "1\n4\n");
        refused(truth + ":2: expected an ILSVRC2012_ID from 1 to 3, found \"4\"",
                () -> ImageNet.open(given.resolve("pictures"), given));
        folder.text(data + "ILSVRC2012_validation_ground_truth.txt", "1\n1\n1\n1\n1\n");
        refused(truth + ":5: no picture \"ILSVRC2012_val_00000005.JPEG\" in " + given.resolve("pictures"),
                () -> ImageNet.open(given.resolve("pictures"), given));
        refused(given + ": expected ImageNet's validation pictures (ILSVRC2012_val_00000001.JPEG) in it or in its "
                + "folder val, found it in " + given.resolve("pictures"), () -> ImageNet.open(given, given));
    }

    @Test
    void stl10() throws IOException {
        folder.copy("test_X.bin", "stl10_binary/test_X.bin").copy("test_y.bin", "stl10_binary/test_y.bin")
                .text("stl10_binary/class_names.txt", NAMES);
        var test = Stl10.open(given, "test");
        assertEquals(2, test.size());
        assertEquals("truck", test.classNames().get(test.get(0).label()));
        assertEquals("test_X.bin#1", test.get(1).name());
        byte[] pixels = test.get(1).image().pixels();
        for (int y = 0; y < 96; y++) {
            for (int x = 0; x < 96; x++) {
                assertEquals(x, pixels[3 * (96 * y + x)]);
                assertEquals(y, pixels[3 * (96 * y + x) + 1]);
                assertEquals(101, pixels[3 * (96 * y + x) + 2]);
            }
        }
        assertThrows(IndexOutOfBoundsException.class, () -> test.get(2));
        Path root = given.resolve("stl10_binary");
        refused(root + "/train_y.bin: cannot be read (no such file)", () -> Stl10.open(given, "train"));
        Files.write(root.resolve("test_y.bin"), new byte[] {1, 2, 3});
        refused(root + "/test_X.bin: expected 3 pictures of 27648 bytes, as many as labels, found 55296 bytes",
                () -> Stl10.open(given, "test"));
        Files.write(root.resolve("test_y.bin"), new byte[] {1, 11});
        refused(root + "/test_y.bin: picture 1: expected a class from 1 to 10, found 11",
                () -> Stl10.open(given, "test"));
        Files.write(root.resolve("test_y.bin"), new byte[0]);
        refused(root + "/test_y.bin: expected a label a picture, found an empty file",
                () -> Stl10.open(given, "test"));
    }

    @Test
    void aFoldOfStl10() throws IOException {
        folder.copy("test_X.bin", "train_X.bin").copy("test_y.bin", "train_y.bin")
                .text("class_names.txt", NAMES)
                .text("fold_indices.txt", "0 1 \n1 \n");
        assertEquals(2, Stl10.openFold(given, 0).size());
        assertEquals("train_X.bin#1", Stl10.openFold(given, 1).get(0).name());
        assertEquals(0, Stl10.openFold(given, 1).get(0).label());
        Path folds = given.resolve("fold_indices.txt");
        refused(folds + ": expected a fold from 0 to 1, found 2", () -> Stl10.openFold(given, 2));
        folder.text("fold_indices.txt", "0 2\n");
        refused(folds + ":1: expected a picture from 0 to 1, found \"2\"", () -> Stl10.openFold(given, 0));
    }

    private static void refused(String message, Executable action) {
        assertEquals(message, inputError(action));
    }
}
