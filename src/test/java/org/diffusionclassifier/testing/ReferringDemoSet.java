package org.diffusionclassifier.testing;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.diffusionclassifier.image.ImageDecoder;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.model.BundledModel;
import org.diffusionclassifier.prompt.PromptSet;

/**
 * The examples in {@code src/test/resources/referring}: two to four of the bundled garments of different classes on a
 * black canvas, one of them named. Two share a canvas twice as wide or as high as one, which is then no square; up to
 * four a square. {@code main} writes them anew.
 */
public final class ReferringDemoSet {

    public static final Path FOLDER = Path.of("src/test/resources/referring");

    private static final int EXAMPLES = 40;
    private static final int CELL = 32;
    private static final int GARMENT = 28;
    private static final int CLASSES = 10;
    private static final int PICTURES_A_CLASS = 3;

    /**
     * One example.
     *
     * @param canvas grey, [height][width]
     * @param boxes  x, y, width, height of each garment
     */
    public record Example(int[][] canvas, List<int[]> boxes, String expression, int truth) {
    }

    private ReferringDemoSet() {
    }

    /** Makes them, the same at every call. */
    public static List<Example> make() {
        var random = new Random(1);
        try (var bundled = BundledModel.open()) {
            var prompts = PromptSet.read(bundled.prompts());
            var examples = new ArrayList<Example>();
            for (int e = 0; e < EXAMPLES; e++) {
                int garments = 2 + e % 3;
                boolean upright = e % 2 == 0;
                int columns = garments > 2 || !upright ? 2 : 1;
                int rows = garments > 2 || upright ? 2 : 1;
                List<Integer> cells = shuffled(rows * columns, random);
                List<Integer> classes = shuffled(CLASSES, random);
                var canvas = new int[rows * CELL][columns * CELL];
                var boxes = new ArrayList<int[]>();
                for (int g = 0; g < garments; g++) {
                    String name = prompts.className(classes.get(g)).replace(' ', '-');
                    RgbImage garment = ImageDecoder.read(bundled.images().resolve(
                            name + "-" + random.nextInt(PICTURES_A_CLASS) + ".png"));
                    int x = cells.get(g) % columns * CELL + random.nextInt(CELL - GARMENT + 1);
                    int y = cells.get(g) / columns * CELL + random.nextInt(CELL - GARMENT + 1);
                    for (int i = 0; i < GARMENT * GARMENT; i++) {
                        canvas[y + i / GARMENT][x + i % GARMENT] = garment.pixels()[3 * i] & 0xFF;
                    }
                    boxes.add(new int[] {x, y, GARMENT, GARMENT});
                }
                int truth = random.nextInt(garments);
                examples.add(new Example(canvas, boxes, prompts.prompts().get(classes.get(truth)).text(), truth));
            }
            return examples;
        }
    }

    private static List<Integer> shuffled(int count, Random random) {
        var numbers = new ArrayList<>(IntStream.range(0, count).boxed().toList());
        Collections.shuffle(numbers, random);
        return numbers;
    }

    public static void main(String[] args) throws IOException {
        Files.createDirectories(FOLDER);
        var lines = new StringBuilder();
        var json = new ObjectMapper();
        int number = 0;
        for (Example example : make()) {
            String file = "%02d.png".formatted(number++);
            int width = example.canvas()[0].length;
            var image = new BufferedImage(width, example.canvas().length, BufferedImage.TYPE_BYTE_GRAY);
            for (int y = 0; y < example.canvas().length; y++) {
                image.getRaster().setPixels(0, y, width, 1, example.canvas()[y]);
            }
            ImageIO.write(image, "png", FOLDER.resolve(file).toFile());
            ObjectNode line = json.createObjectNode().put("image", file);
            line.set("boxes", json.valueToTree(example.boxes()));
            lines.append(line.put("expression", example.expression()).put("truth", example.truth())).append('\n');
        }
        Files.write(FOLDER.resolve("refs.jsonl"), lines.toString().getBytes(StandardCharsets.UTF_8));
    }
}
