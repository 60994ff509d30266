package org.diffusionclassifier.dataset;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import javax.imageio.ImageIO;
import org.diffusionclassifier.image.ImageKind;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.testing.Fixtures;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Folders and lists of image files, and what is no dataset at all. */
class DatasetsTest {

    @TempDir
    Path folder;

    @Test
    void readsAFolderAClassInTheOrderOfTorchvision() throws IOException {
        png("dog/b.png", 0x0000ff);
        png("dog/a/z.png", 0x00ff00);
        png("dog/a.PNG", 0xff0000);
        png("cat/1.png", 0x010203);
        png("cat/.hidden.png", 0);
        png("cat/.cache/x.png", 0);
        png(".git/x.png", 0);
        write("cat/notes.txt", "");
        png("cat/zebra", 0xffffff);
        write("labels.csv", "");
        var dataset = Datasets.open("folder:" + folder, "test");
        assertEquals(List.of("cat", "dog"), dataset.classNames());
        assertEquals(List.of("cat/1.png", "cat/zebra", "dog/a.PNG", "dog/b.png", "dog/a/z.png"), names(dataset));
        assertEquals(List.of(0, 0, 1, 1, 1), labels(dataset));
        assertArrayEquals(new byte[] {1, 2, 3}, dataset.get(0).image().pixels());
        assertArrayEquals(new byte[] {0, (byte) 255, 0}, dataset.get(4).image().pixels());
        assertEquals(List.of("1 other file passed over: cat/notes.txt"), dataset.notices());
    }

    @Test
    void takesTheSplitsSubfolderWhereThereIsOne() throws IOException {
        png("train/cat/1.png", 0);
        png("train/dog/1.png", 0);
        png("val/cat/2.png", 0);
        assertEquals(List.of("cat/2.png"), names(Datasets.open("folder:" + folder, "val")));
        assertEquals(folder + ": no split \"test\", found train, val",
                Fixtures.inputError(() -> Datasets.open("folder:" + folder, "test")));
    }

    /** In a ZIP file, {@code Files.list} names folders with a slash at their end, and the root has no name. */
    @Test
    void readsAFolderAClassInAnArchive() throws IOException {
        Path zip = folder.resolve("pictures.zip");
        try (var out = new ZipOutputStream(Files.newOutputStream(zip))) {
            png("cat/1.png", 0x010203);
            png("dog/2.png", 0x040506);
            for (String name : List.of("cat/1.png", "dog/2.png")) {
                out.putNextEntry(new ZipEntry(name));
                out.write(Files.readAllBytes(folder.resolve(name)));
            }
        }
        try (var dataset = Datasets.open("folder:" + zip, "test")) {
            assertEquals(List.of("cat", "dog"), dataset.classNames());
            assertEquals(List.of("cat/1.png", "dog/2.png"), names(dataset));
            assertArrayEquals(new byte[] {4, 5, 6}, dataset.image(1).pixels());
            assertEquals(zip, dataset.file(1));
            assertEquals("folder " + zip + ":/, 2 images of 2 classes", dataset.description());
        }
        assertEquals(zip + ":/batches.meta.txt: cannot be read (no such file)",
                Fixtures.inputError(() -> Datasets.open("cifar10:" + zip, "test")));
        assertEquals("split: expected train or test, found \"val\"",
                Fixtures.inputError(() -> Datasets.open("cifar10:" + zip, "val")));
    }

    /** Through one folder that holds the folders of several classes; a class alone has what is below it. */
    @Test
    void readsThroughOneLevelTooMuch() throws IOException {
        png("deep/cat/1.png", 0);
        png("deep/dog/2.png", 0);
        write("LICENSE", "");
        var dataset = Datasets.open("folder:" + folder, "test");
        assertEquals(List.of("cat/1.png", "dog/2.png"), names(dataset));
        assertEquals(List.of(folder + " is read from its only folder, deep"), dataset.notices());
        png("deep/3.png", 0);
        assertEquals(List.of("deep"), Datasets.open("folder:" + folder, "test").classNames());
        Files.delete(folder.resolve("deep/3.png"));
        png("other/3.png", 0);
        assertEquals(List.of("deep", "other"), Datasets.open("folder:" + folder, "test").classNames());
    }

    @Test
    void readsASplitOneLevelTooDeep() throws IOException {
        png("deep/test/cat/1.png", 0);
        assertEquals(List.of("cat/1.png"), names(Datasets.open("folder:" + folder, "test")));
        assertEquals(folder.resolve("deep") + ": no split \"val\", found test",
                Fixtures.inputError(() -> Datasets.open("folder:" + folder, "val")));
    }

    @Test
    void decodesFolderImagesOnlyWhenAskedFor() throws IOException {
        png("cat/1.png", 0);
        write("cat/2.png", "\u0089PNG\r\n\u001a\n, and no more", StandardCharsets.ISO_8859_1);
        var dataset = Datasets.open("folder:" + folder, "test");
        assertEquals(2, dataset.size());
        assertEquals("cat/1.png", dataset.get(0).name());
        assertThrows(InputException.class, () -> dataset.get(1));
    }

    /** The signatures are from the formats' specifications; libavif 0.11 and OpenJPEG 2.5 begin files so. */
    @Test
    void picturesThatCannotBeReadAreNamed() throws IOException {
        png("cat/1.jfif", 0);
        write("cat/a.avif", "\0\0\0\u0020ftypavif\0\0\0\0", StandardCharsets.ISO_8859_1);
        write("cat/b.jpg", "\0\0\0\u000cjP  \r\n\u0087\n", StandardCharsets.ISO_8859_1);
        write("cat/c.heic", "\0\0\0\u0018ftypheic\0\0\0\0", StandardCharsets.ISO_8859_1);
        write("cat/d.png", "<html>404</html>");
        write("cat/e.JPG", "");
        write("cat/BMW.txt", "BM, the maker (of cars), begins as a bitmap does");
        write("dog/a.avif", "\0\0\0\u0020ftypavif\0\0\0\0", StandardCharsets.ISO_8859_1);
        assertEquals(folder.resolve("dog") + ": no image of this class (expected " + ImageKind.READABLE
                + "), found dog/a.avif (AVIF)", Fixtures.inputError(() -> Datasets.open("folder:" + folder, "test")));
        png("dog/1", 0);
        var dataset = Datasets.open("folder:" + folder, "test");
        assertEquals(List.of("cat/1.jfif", "dog/1"), names(dataset));
        assertEquals(List.of("6 pictures passed over that cannot be read: cat/a.avif (AVIF), cat/b.jpg (JPEG 2000), "
                + "cat/c.heic (HEIC), cat/d.png (no image inside), cat/e.JPG (no image inside), dog/a.avif (AVIF)",
                "1 other file passed over: cat/BMW.txt"), dataset.notices());
    }

    @Test
    void aListMayNameItsClasses() throws IOException {
        png("a.png", 0);
        for (String column : List.of("classname", "class", "label")) {
            write("set.csv", "path,classidx," + column + "\na.png,7,sneaker\na.png,3, coat\na.png,7,sneaker\n");
            var dataset = Datasets.open("csv:" + folder.resolve("set.csv"), "test");
            assertEquals(List.of("coat", "sneaker"), dataset.classNames());
            assertEquals(List.of(1, 0, 1), labels(dataset));
        }
        write("set.csv", "path,label\na.png,7\na.png,0\n");
        var numbers = Datasets.open("csv:" + folder.resolve("set.csv"), "test");
        assertEquals(List.of(), numbers.classNames());
        assertEquals(List.of(7, 0), labels(numbers));
        var list = write("set.csv", "path,class\na.png,x\na.png, \n");
        assertEquals(list + ":3: class is empty", Fixtures.inputError(() -> Datasets.open("csv:" + list, "test")));
    }

    @Test
    void refusesFoldersWithoutClassesOrImages() throws IOException {
        assertEquals(folder + ": expected one folder a class, found no folder",
                Fixtures.inputError(() -> Datasets.open("folder:" + folder, "test")));
        png("cat/1.png", 0);
        write("dog/readme.txt", "");
        assertTrue(Fixtures.inputError(() -> Datasets.open("folder:" + folder, "test"))
                .startsWith(folder.resolve("dog") + ": no image of this class"));
        assertEquals(folder.resolve("none") + ": cannot be read (no such file)",
                Fixtures.inputError(() -> Datasets.open("folder:" + folder.resolve("none"), "test")));
        assertEquals(folder.resolve("cat/1.png") + ": expected an archive of files, found an empty one or none",
                Fixtures.inputError(() -> Datasets.open("folder:" + folder.resolve("cat/1.png"), "test")));
    }

    @Test
    void readsAListRelativeToItsOwnDirectory() throws IOException {
        var absolute = png("elsewhere/c.png", 0x040506);
        png("lists/images/a, b.png", 0x010203);
        write("lists/set.csv", "classidx,path\n3,\"images/a, b.png\"\n0," + absolute + "\n");
        var dataset = Datasets.open("csv:" + folder.resolve("lists/set.csv"), "any");
        assertEquals(List.of("images/a, b.png", absolute.toString()), names(dataset));
        assertEquals(List.of(3, 0), labels(dataset));
        assertEquals(List.of(), dataset.classNames());
        assertArrayEquals(new byte[] {1, 2, 3}, dataset.get(0).image().pixels());
        assertArrayEquals(new byte[] {4, 5, 6}, dataset.get(1).image().pixels());
    }

    @Test
    void readsAListWithAColumnNamedFile() throws IOException {
        png("a.png", 0);
        write("set.csv", "file,classidx\na.png,1\n");
        assertEquals(List.of("a.png"), names(Datasets.open("csv:" + folder.resolve("set.csv"), "test")));
    }

    @Test
    void refusesAListWithAMissingImageOrColumn() throws IOException {
        png("a.png", 0);
        var list = write("set.csv", "path,classidx\na.png,1\nb.png,1\n");
        assertEquals(list + ":3: no image file \"b.png\"",
                Fixtures.inputError(() -> Datasets.open("csv:" + list, "test")));
        for (var name : List.of("\"\"", "\"a\nb\"", "\"\0\"", ".")) {
            write("set.csv", "path,classidx\n" + name + ",1\n");
            var message = Fixtures.inputError(() -> Datasets.open("csv:" + list, "test"));
            assertTrue(message.contains(": no image file "), message);
        }
        write("set.csv", "image,classidx\na.png,1\n");
        assertEquals(list + ": no column path or file, found \"image,classidx\"",
                Fixtures.inputError(() -> Datasets.open("csv:" + list, "test")));
        write("set.csv", "path,classidx\na.png,one\n");
        assertEquals(list + ":2: classidx: expected an integer from 0, found \"one\"",
                Fixtures.inputError(() -> Datasets.open("csv:" + list, "test")));
    }

    @Test
    void refusesAnUnknownFormWithTheKnownOnes() {
        for (var spec : List.of("mnist:/data", "/data", "idx:", ":x", "", "idx\n:x")) {
            var message = Fixtures.inputError(() -> Datasets.open(spec, "test"));
            assertTrue(message.startsWith("dataset: expected idx:PATH, folder:PATH, csv:FILE, cifar10:PATH, "
                    + "cifar100:PATH, parquet:PATH, found \""), message);
        }
        assertEquals("dataset: \"a\\u0000\" is no path", Fixtures.inputError(() -> Datasets.open("idx:a\0", "test")));
    }

    private static List<String> names(Dataset dataset) {
        return IntStream.range(0, dataset.size()).mapToObj(index -> dataset.get(index).name()).toList();
    }

    private static List<Integer> labels(Dataset dataset) {
        return IntStream.range(0, dataset.size()).mapToObj(index -> dataset.get(index).label()).toList();
    }

    /** One pixel. */
    private Path png(String name, int rgb) throws IOException {
        var file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        var image = new BufferedImage(1, 1, BufferedImage.TYPE_INT_RGB);
        image.setRGB(0, 0, rgb);
        try (var out = Files.newOutputStream(file)) {
            ImageIO.write(image, "png", out);
        }
        return file;
    }

    private Path write(String name, String text) throws IOException {
        return write(name, text, StandardCharsets.UTF_8);
    }

    private Path write(String name, String text, Charset charset) throws IOException {
        var file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        return Files.writeString(file, text, charset);
    }
}
