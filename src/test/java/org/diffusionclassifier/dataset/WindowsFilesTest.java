package org.diffusionclassifier.dataset;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.common.jimfs.Configuration;
import com.google.common.jimfs.Jimfs;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystem;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.diffusionclassifier.file.AtomicFile;
import org.diffusionclassifier.tensor.TextFile;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Files as Windows has them: a drive, backslashes, names in either case, lines that end in CR and LF. */
class WindowsFilesTest {

    private FileSystem windows;
    private Path data;

    @BeforeEach
    void open() throws IOException {
        windows = Jimfs.newFileSystem(Configuration.windows());
        data = Files.createDirectory(windows.getPath("C:\\data"));
    }

    @AfterEach
    void close() throws IOException {
        windows.close();
    }

    /** A backslash comes behind letters and a slash before them: the order must not be by it. */
    @Test
    void aFolderHasTheNamesAndTheOrderOfLinux() throws IOException {
        List<String> names = List.of("cat/a/2.png", "cat/a0/1.png", "cat/aB/3.png", "dog/x.png");
        for (String name : names) {
            picture(name.replace('/', '\\'));
        }
        Dataset folder = FolderDataset.open(data, "test");
        assertEquals(List.of("cat", "dog"), folder.classNames());
        assertEquals(names, IntStream.range(0, folder.size()).mapToObj(folder::name).toList());
        assertEquals(2, folder.image(3).width());
    }

    @Test
    void aListHasWindowsEndsOfLinesAndNamesInEitherCase() throws IOException {
        picture("Cats\\One.PNG");
        Path list = Files.writeString(data.resolve("list.csv"), "\uFEFFpath,classidx\r\ncats/one.png,0\r\nCats\\One.PNG,1\r\n");
        Dataset csv = Datasets.csv(list);
        assertEquals(2, csv.size());
        assertEquals(List.of(0, 1), List.of(csv.label(0), csv.label(1)));
        assertEquals(2, csv.image(0).width());
        assertEquals(2, csv.image(1).width());
    }

    @Test
    void linesEndWithoutTheirCr() throws IOException {
        Path file = Files.writeString(data.resolve("names.txt"), "\uFEFFone\r\ntwo\r\n");
        assertEquals(List.of("one", "two"), TextFile.lines(file));
    }

    @Test
    void aFileIsReplacedWhole() throws IOException {
        Path file = data.resolve("results.json");
        AtomicFile.write(file, out -> out.write("first".getBytes(StandardCharsets.US_ASCII)));
        AtomicFile.write(data.resolve("RESULTS.json"), out -> out.write("second".getBytes(StandardCharsets.US_ASCII)));
        assertEquals("second", Files.readString(file));
        try (var left = Files.list(data)) {
            assertTrue(left.allMatch(path -> path.getFileName().toString().equalsIgnoreCase("results.json")));
        }
    }

    private void picture(String name) throws IOException {
        Path file = data.resolve(name);
        Files.createDirectories(file.getParent());
        try (var out = Files.newOutputStream(file)) {
            ImageIO.write(new BufferedImage(2, 3, BufferedImage.TYPE_INT_RGB), "png", out);
        }
    }
}
