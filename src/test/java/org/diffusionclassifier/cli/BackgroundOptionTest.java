package org.diffusionclassifier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.Color;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * {@code --background} reaches every command that looks at pictures: a picture with alpha on white has the errors of that
 * picture painted on white, and without the option those of its stored colours.
 */
class BackgroundOptionTest {

    @TempDir
    private Path folder;

    /** A red square, and around it blue that is transparent on the left. */
    @BeforeEach
    void paint() throws IOException {
        write("alpha", new Color(0, 0, 255, 0), BufferedImage.TYPE_INT_ARGB);
        write("stored", new Color(0, 0, 255), BufferedImage.TYPE_INT_RGB);
        write("white", Color.WHITE, BufferedImage.TYPE_INT_RGB);
    }

    private void write(String name, Color left, int type) throws IOException {
        var image = new BufferedImage(40, 32, type);
        for (int y = 0; y < 32; y++) {
            for (int x = 0; x < 40; x++) {
                boolean inSquare = x > 8 && x < 28 && y > 6 && y < 22;
                image.setRGB(x, y, (inSquare ? Color.RED : x < 20 ? left : Color.BLUE).getRGB());
            }
        }
        Path of = Files.createDirectories(folder.resolve(name));
        assertTrue(ImageIO.write(image, "png", of.resolve("picture.png").toFile()));
        Files.writeString(of.resolve("boxes.json"), "[[0, 0, 20, 20], [20, 0, 20, 32]]");
        Files.writeString(of.resolve("list.csv"), "path,classidx\npicture.png,0\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {"classify", "match", "refer", "evaluate"})
    void everyCommandLaysPicturesOnIt(String command) throws IOException {
        String onWhite = errors(command, "alpha", "--background", "white");
        assertEquals(errors(command, "white"), onWhite);
        String stored = errors(command, "alpha");
        assertEquals(errors(command, "stored"), stored);
        assertNotEquals(onWhite, stored);
    }

    private String errors(String command, String picture, Object... more) throws IOException {
        Path of = folder.resolve(picture);
        Path json = of.resolve("out.json");
        Path run = folder.resolve(picture + command + more.length);
        List<Object> words = switch (command) {
            case "classify" -> List.of(command, of.resolve("picture.png"), "--classes", "bag,coat", "--n-samples", "2",
                    "--to-keep", "1", "--json", json);
            case "match" -> List.of(command, of.resolve("picture.png"), "--captions", "a bag,a coat", "--n-samples", "2",
                    "--json", json);
            case "refer" -> List.of(command, of.resolve("picture.png"), "--boxes", of.resolve("boxes.json"),
                    "--expression", "a bag", "--n-samples", "2", "--json", json);
            default -> List.of(command, "--dataset", "csv:" + of.resolve("list.csv"), "--classes", "bag,coat",
                    "--n-samples", "2", "--to-keep", "1", "--out", run);
        };
        var all = new ArrayList<>(words);
        all.addAll(List.of(more));
        CommandLineRun.of(all.toArray()).succeeded();
        return Files.readString(command.equals("evaluate") ? run.resolve("results.jsonl") : json)
                .replace(of.toString(), "").replaceAll("\"seconds\":[0-9.E-]+", "");
    }

    @Test
    void anotherColourIsRefused() {
        CommandLineRun.of("classify", folder.resolve("alpha/picture.png"), "--background", "red")
                .refused("--background: expected white, black or #RRGGBB, found \"red\"");
    }
}
