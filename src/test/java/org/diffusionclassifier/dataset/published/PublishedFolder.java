package org.diffusionclassifier.dataset.published;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.ImageIO;

import static org.diffusionclassifier.testing.Fixtures.resource;

/** Builds a data set's folder for a test. */
public record PublishedFolder(Path root) {

    /** A picture of 6×5 pixels of one colour, in a format that its name may belie. */
    public PublishedFolder picture(String path, int rgb) throws IOException {
        var image = new BufferedImage(6, 5, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < 30; i++) {
            image.setRGB(i % 6, i / 6, rgb);
        }
        var png = new ByteArrayOutputStream();
        ImageIO.write(image, "png", png);
        Files.write(made(path), png.toByteArray());
        return this;
    }

    public PublishedFolder text(String path, String text) throws IOException {
        Files.writeString(made(path), text);
        return this;
    }

    /** A file of the test resources {@code published}. */
    public PublishedFolder copy(String resource, String path) throws IOException {
        Files.write(made(path), Files.readAllBytes(resource("published/" + resource)));
        return this;
    }

    public PublishedFolder bytes(String path, byte[] bytes) throws IOException {
        Files.write(made(path), bytes);
        return this;
    }

    public void delete(String path) throws IOException {
        Files.delete(root.resolve(path));
    }

    private Path made(String path) throws IOException {
        Path file = root.resolve(path);
        Files.createDirectories(file.getParent());
        return file;
    }
}
