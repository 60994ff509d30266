package org.diffusionclassifier.benchmark;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.diffusionclassifier.dataset.Dataset;
import org.diffusionclassifier.dataset.MatchingExample;
import org.diffusionclassifier.dataset.published.PublishedFolder;
import org.diffusionclassifier.image.ImageDecoder;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.prompt.PromptSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.diffusionclassifier.testing.Fixtures.inputError;
import static org.diffusionclassifier.testing.Fixtures.resource;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Forms of one data set that people have: pickles, and archives, which are unpacked into a home of the test's. */
class BenchmarkFormsTest {

    @TempDir
    private Path folder;
    private Path data;
    private String home;

    @BeforeEach
    void moveHome() {
        data = folder.resolve("data");
        home = System.setProperty("user.home", folder.resolve("home").toString());
    }

    @AfterEach
    void moveBack() {
        System.setProperty("user.home", home);
    }

    private Dataset open(String name) {
        Benchmark benchmark = Benchmarks.of(name);
        return benchmark.open((Task.ClassTask) benchmark.task(), data, benchmark.split(null));
    }

    private static List<Integer> labels(Dataset pictures) {
        return IntStream.range(0, pictures.size()).mapToObj(pictures::label).toList();
    }

    /** As torchvision unpacks it, and the archive that it downloads. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void cifarsPythonVersion(boolean isArchived) throws IOException {
        var given = new PublishedFolder(isArchived ? folder.resolve("unpacked") : data);
        for (String name : List.of("test_batch", "batches.meta")) {
            given.bytes("cifar-10-batches-py/" + name, Files.readAllBytes(resource("cifar/" + name)));
        }
        if (isArchived) {
            tarGz(given.root(), data.resolve("cifar-10-python.tar.gz"));
        }
        try (Dataset pictures = open("cifar10")) {
            assertEquals(List.of(3, 9), labels(pictures));
            assertEquals(101, pictures.image(1).pixels()[0]);
        }
    }

    /** Pictures and devkit as image-net.org has them, neither unpacked. */
    @Test
    void imageNetsDevkitAsAnArchive() throws IOException {
        var given = new PublishedFolder(folder.resolve("unpacked"));
        String devkit = "devkit/ILSVRC2012_devkit_t12/data/";
        given.copy("meta.mat", devkit + "meta.mat")
                .text(devkit + "ILSVRC2012_validation_ground_truth.txt", "1\n3\n2\n");
        for (int number = 1; number <= 3; number++) {
            given.picture("pictures/ILSVRC2012_val_0000000" + number + ".JPEG", number);
        }
        tarGz(given.root().resolve("devkit"), data.resolve("ILSVRC2012_devkit_t12.tar.gz"));
        tar(given.root().resolve("pictures"), data.resolve("ILSVRC2012_img_val.tar"));
        try (Dataset pictures = open("imagenet")) {
            assertEquals(List.of(278, 543, 0), labels(pictures));
            assertEquals(2, pictures.image(1).pixels()[2]);
        }
        assertTrue(Files.isDirectory(folder.resolve("home/.cache/diffusion-classifier")));
    }

    /** Both archives as they come, or one of them unpacked. */
    @ParameterizedTest
    @ValueSource(strings = {"none", "images", "annotations"})
    void petsAreTwoArchives(String unpacked) throws IOException {
        var given = new PublishedFolder(folder.resolve("unpacked"))
                .text("annotations/annotations/test.txt", "Abyssinian_201 1 1 1\namerican_bulldog_7 2 2 1\n")
                .picture("images/images/Abyssinian_201.jpg", 1).picture("images/images/american_bulldog_7.jpg", 2);
        Path pets = Files.createDirectories(data.resolve("oxford-iiit-pet"));
        for (String part : List.of("images", "annotations")) {
            if (part.equals(unpacked)) {
                Files.move(given.root().resolve(part).resolve(part), pets.resolve(part));
            } else {
                tarGz(given.root().resolve(part), pets.resolve(part + ".tar.gz"));
            }
        }
        Path images = pets.resolve(unpacked.equals("images") ? "images/american_bulldog_7.jpg" : "images.tar.gz");
        try (Dataset pictures = open("pets")) {
            assertEquals(List.of(0, 1), labels(pictures));
            assertEquals(2, pictures.image(1).pixels()[2]);
            assertEquals(images, pictures.file(1));
            assertEquals(unpacked.equals("none") ? 2 : 1, pictures.notices().size());
        }
    }

    /** The archive and the file in it, whichever is wrong. */
    @Test
    void errorsInOneOfTwoArchivesNameIt() throws IOException {
        Path pets = Files.createDirectories(data.resolve("oxford-iiit-pet"));
        Path images = pets.resolve("images.tar.gz");
        Path annotations = pets.resolve("annotations.tar.gz");
        var pictures = new PublishedFolder(folder.resolve("i")).bytes("images/Abyssinian_1.jpg", new byte[9]);
        var lists = new PublishedFolder(folder.resolve("a")).text("annotations/test.txt", "Abyssinian_2 1 1 1\n");
        tarGz(pictures.root(), images);
        tarGz(lists.root(), annotations);
        assertEquals(annotations + ":/annotations/test.txt:1: no picture \"images/Abyssinian_2.jpg\" in " + images
                + ":/", inputError(() -> open("pets")));
        tarGz(lists.text("annotations/test.txt", "Abyssinian_1 38 1 1\n").root(), annotations);
        assertEquals(annotations + ":/annotations/test.txt:1: expected a class from 1 to 37, found \"38\"",
                inputError(() -> open("pets")));
        tarGz(lists.text("annotations/test.txt", "Abyssinian_1 1 1 1\n").root(), annotations);
        try (Dataset opened = open("pets")) {
            String message = inputError(() -> opened.image(0));
            assertTrue(message.startsWith(images + ":/images/Abyssinian_1.jpg: "), message);
        }
        Files.delete(annotations);
        assertTrue(inputError(() -> open("pets")).contains("or annotations.tar.gz and images.tar.gz in their place"));
        data = images;
        assertEquals(pets.resolve("annotations/test.txt") + ": cannot be read (no such file)",
                inputError(() -> open("pets")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "flowers-102", "flowers-102/102flowers.tgz"})
    void flowersAreAnArchiveAndTwoFiles(String path) throws IOException {
        var given = new PublishedFolder(data).copy("imagelabels.mat", "flowers-102/imagelabels.mat")
                .copy("setid.mat", "flowers-102/setid.mat");
        for (int number = 1; number <= 4; number++) {
            new PublishedFolder(folder.resolve("unpacked")).picture("jpg/image_0000" + number + ".jpg", number);
        }
        tarGz(folder.resolve("unpacked"), data.resolve("flowers-102/102flowers.tgz"));
        data = given.root().resolve(path);
        try (Dataset pictures = open("flowers102")) {
            assertEquals(List.of(1, 0), labels(pictures));
            assertEquals(given.root().resolve("flowers-102/102flowers.tgz"), pictures.file(0));
        }
        given.delete("flowers-102/setid.mat");
        data = given.root();
        assertEquals(data.resolve("flowers-102/setid.mat") + ": cannot be read (no such file)",
                inputError(() -> open("flowers102")));
    }

    /** In a folder, or in an archive; not where there are two. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void oneLevelTooDeepIsReadThrough(boolean isArchived) throws IOException {
        var given = new PublishedFolder(isArchived ? folder.resolve("unpacked") : data)
                .picture("deep/2750/SeaLake/SeaLake_1.jpg", 1).picture("deep/2750/Forest/Forest_1.jpg", 2)
                .text("README.txt", "").text("__MACOSX/._deep", "");
        if (isArchived) {
            tar(given.root(), data.resolve("EuroSAT.zip"));
        }
        try (Dataset pictures = open("eurosat")) {
            assertEquals(List.of(1, 9), labels(pictures));
            assertEquals(List.of((isArchived ? data.resolve("EuroSAT.zip") + ":/" : data.toString())
                    + " is read from its only folder, deep"), pictures.notices());
        }
        given.text("other/x", "");
        if (isArchived) {
            tar(given.root(), data.resolve("EuroSAT.zip"));
        }
        assertTrue(inputError(() -> open("eurosat")).contains(isArchived
                ? "EuroSAT.zip:/: expected the folders of EuroSAT (" : "expected EuroSAT in it, found it in "));
    }

    /** Three examples, of which pyarrow wrote the file as the hub has it (parquet/make.py). */
    @Test
    void winogroundAsTheHubHasIt() throws IOException {
        Path hub = resource("parquet/hub/winoground/data/test-00000-of-00001.parquet").getParent().getParent();
        Benchmark winoground = Benchmarks.of("winoground");
        for (Path path : List.of(hub, hub.getParent())) {
            List<MatchingExample> examples = winoground.open((Task.MatchTask) winoground.task(), path, "test");
            assertEquals(List.of("Object", "Relation", "Both"), examples.stream().map(MatchingExample::tag).toList());
            assertEquals(List.of("a \u201cred\u201d dog", "a dog, \"red\""), examples.get(1).captions());
            for (int i = 0; i < 3; i++) {
                for (int picture = 0; picture < 2; picture++) {
                    Path file = examples.get(i).images().get(picture);
                    assertTrue(file.startsWith(folder.resolve("home")), file.toString());
                    assertEquals(10 + 2 * i + picture, ImageDecoder.read(file).pixels()[0]);
                }
            }
        }
        List<String> notices = winoground.notices(hub, "test");
        assertTrue(notices.get(0).startsWith(hub + " is read from " + folder.resolve("home")), notices.toString());
        try (var made = Files.list(folder.resolve("home/.cache/diffusion-classifier"))) {
            assertEquals(1, made.count());
        }
    }

    /** The hub's names of ImageNet's classes are others; most are among them. */
    @Test
    void classesOfMostlyTheSameNamesAreTakenByTheirNumbers() {
        PromptSet captions = ClassList.of("imagenet").prompts();
        List<String> keys = ClassList.of("imagenet").keys();
        var names = new ArrayList<String>();
        for (int index = 0; index < 1000; index++) {
            names.add(index % 3 == 0 ? "another" : "Latin name, " + captions.className(index));
        }
        try (Dataset pictures = Indexed.of(new Named(names), keys, captions)) {
            assertEquals(List.of(0, 500, 999), labels(pictures));
            assertEquals(List.of("classes are taken by their numbers: 666 of 1000 have the benchmark's names"),
                    pictures.notices());
        }
        names.replaceAll(name -> name.startsWith("L") && name.length() % 2 == 0 ? "another" : name);
        assertEquals("named: expected classes of the benchmark (n01440764, n01443537, …), found also \"another\"",
                inputError(() -> Indexed.of(new Named(names), keys, captions)));
        assertTrue(inputError(() -> Indexed.of(new Named(names.subList(0, 999)), keys, captions))
                .endsWith("found also \"another\""));
    }

    /** Of the set's classes alone: the numbers are those among them. */
    @Test
    void namesOfASetOfImageNets() {
        List<Integer> subset = ClassList.imageNetSubset("imagenet-a");
        PromptSet captions = ClassList.of("imagenet").captions(subset);
        List<String> names = subset.stream().map(captions::className).toList();
        assertEquals(List.of(6, subset.get(100), 988),
                labels(Indexed.of(new Named(names), ClassList.of("imagenet").keys(), captions)));
    }

    /** Three pictures: of the first class, the middle one, and the last. */
    private record Named(List<String> classNames) implements Dataset {

        @Override
        public int size() {
            return 3;
        }

        @Override
        public String name(int index) {
            return String.valueOf(index);
        }

        @Override
        public int label(int index) {
            return List.of(0, classNames.size() / 2, classNames.size() - 1).get(index);
        }

        @Override
        public Path file(int index) {
            return Path.of("file");
        }

        @Override
        public RgbImage image(int index) {
            return new RgbImage(1, 1, new byte[3]);
        }

        @Override
        public String description() {
            return "named";
        }
    }

    private static void tar(Path root, Path archive) throws IOException {
        Files.createDirectories(archive.getParent());
        pack(root, new TarArchiveOutputStream(Files.newOutputStream(archive)));
    }

    private static void tarGz(Path root, Path archive) throws IOException {
        Files.createDirectories(archive.getParent());
        pack(root, new TarArchiveOutputStream(new GZIPOutputStream(Files.newOutputStream(archive))));
    }

    private static void pack(Path root, TarArchiveOutputStream to) throws IOException {
        try (to; var files = Files.walk(root)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                to.putArchiveEntry(new TarArchiveEntry(file, root.relativize(file).toString()));
                to.write(Files.readAllBytes(file));
                to.closeArchiveEntry();
            }
        }
    }
}
