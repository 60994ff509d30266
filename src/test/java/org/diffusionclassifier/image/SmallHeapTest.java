package org.diffusionclassifier.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.imageio.ImageIO;
import org.diffusionclassifier.tensor.InputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Large pictures in a Java of its own, whose heap has 128 MiB. */
class SmallHeapTest {

    /** Prints for each file its size, or why it is refused. */
    public static void main(String[] files) {
        for (String file : files) {
            try {
                System.out.println(ImageDecoder.read(Path.of(file)).size());
            } catch (InputException e) {
                System.out.println(e.getMessage());
            }
        }
    }

    @Test
    void whatDoesNotFitIsRefusedInOneLine(@TempDir Path folder) throws IOException, InterruptedException {
        Path halved = black(folder, 9001, 7500, BufferedImage.TYPE_BYTE_BINARY);        // 16.9 million pixels are left
        Path tooLarge = black(folder, 16000, 16000, BufferedImage.TYPE_BYTE_BINARY);
        Path forItsReader = black(folder, 4800, 4800, BufferedImage.TYPE_3BYTE_BGR);     // fits once, and not twice
        Path file = folder.resolve("file.png");
        try (var sparse = new RandomAccessFile(file.toFile(), "rw")) {
            sparse.setLength(100 << 20);
        }
        Path small = black(folder, 20, 10, BufferedImage.TYPE_BYTE_GRAY);
        List<String> said = readIn128MiB(halved, tooLarge, forItsReader, file, small);
        assertEquals(5, said.size(), said.toString());
        assertEquals("4501×3750", said.get(0));
        String heap = " MiB of memory to decode, found a Java heap of ";
        assertTrue(said.get(1).startsWith(tooLarge + ": 16000×16000 pixels need up to 3") && said.get(1).contains(heap)
                && said.get(1).endsWith("set the environment variable JDK_JAVA_OPTIONS to -Xmx1g, say"), said.get(1));
        assertTrue(said.get(2).startsWith(forItsReader + ": 4800×4800 pixels need up to 3"), said.get(2));
        assertTrue(said.get(2).contains(heap), said.get(2));
        assertTrue(said.get(3).startsWith(file + ": 104857600 bytes need up to 100" + heap), said.get(3));
        assertEquals("20×10", said.get(4));
    }

    private static List<String> readIn128MiB(Path... files) throws IOException, InterruptedException {
        var command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx128m", "-XX:+UseSerialGC", "-Dfile.encoding=UTF-8", "-Dstdout.encoding=UTF-8", "-cp",
                System.getProperty("java.class.path"), SmallHeapTest.class.getName()));
        List.of(files).forEach(file -> command.add(file.toString()));
        Process java = new ProcessBuilder(command).redirectErrorStream(true).start();
        var said = new String(java.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, java.waitFor(), said);
        return said.lines().toList();
    }

    private static Path black(Path folder, int width, int height, int type) throws IOException {
        Path file = folder.resolve(width + "x" + height + ".png");
        var image = new BufferedImage(width, height, type);
        assertTrue(ImageIO.write(image, "png", file.toFile()));
        return file;
    }

    /** A header is believed before anything is allocated for it. */
    @Test
    void aBombIsRefusedByItsHeader(@TempDir Path folder) throws IOException, InterruptedException {
        Path bomb = Files.write(folder.resolve("bomb.ppm"), "P6 60000 60000 255\n".getBytes(StandardCharsets.US_ASCII));
        assertEquals(List.of(bomb + ": 60000×60000 pixels, expected at most 268435456 in all"), readIn128MiB(bomb));
    }
}
