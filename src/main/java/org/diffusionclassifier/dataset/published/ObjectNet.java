package org.diffusionclassifier.dataset.published;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.diffusionclassifier.dataset.Dataset;
import org.diffusionclassifier.dataset.DatasetView;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.tensor.InputException;

/**
 * ObjectNet (Barbu et al., 2019), unpacked from its archive, which has a password:
 * {@code objectnet-1.0/images/FOLDER/*.png}. The red border of two pixels, which marks pictures that no model may be
 * trained on, is cut off.
 */
public final class ObjectNet implements DatasetView {

    private static final int BORDER = 2;

    private final ListedImages bordered;

    private ObjectNet(ListedImages bordered) {
        this.bordered = bordered;
    }

    /**
     * @param folders those of the classes to be told apart, in the order of their labels; others are left out
     * @return a class's pictures by name
     * @throws InputException if a folder is missing or holds no picture
     */
    public static ObjectNet open(Path given, List<String> folders) {
        Path root = DataRoot.find(given, "ObjectNet", "objectnet-1.0", "images");
        var entries = new ArrayList<ListedImages.Entry>();
        for (int label = 0; label < folders.size(); label++) {
            String folder = "images/" + folders.get(label);
            for (String name : pictures(root.resolve(folder))) {
                entries.add(new ListedImages.Entry(folder + "/" + name, label));
            }
        }
        return new ObjectNet(new ListedImages("ObjectNet", root, folders, entries));
    }

    private static List<String> pictures(Path folder) {
        var names = new ArrayList<String>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "*.png")) {
            files.forEach(file -> names.add(file.getFileName().toString()));
        } catch (IOException e) {
            throw InputException.unreadable(folder, e);
        }
        if (names.isEmpty()) {
            throw InputException.at(folder, "expected pictures (.png), found none");
        }
        names.sort(null);
        return names;
    }

    /** A picture without its border. */
    static RgbImage withoutBorder(RgbImage picture, String name) {
        int width = picture.width() - 2 * BORDER;
        int height = picture.height() - 2 * BORDER;
        if (width < 1 || height < 1) {
            throw new InputException(name + ": expected a picture with a border of " + BORDER + " pixels, found one of "
                    + picture.size() + " pixels");
        }
        var pixels = new byte[3 * width * height];
        for (int y = 0; y < height; y++) {
            System.arraycopy(picture.pixels(), 3 * ((y + BORDER) * picture.width() + BORDER), pixels, 3 * y * width,
                    3 * width);
        }
        return new RgbImage(width, height, pixels);
    }

    @Override
    public Dataset base() {
        return bordered;
    }

    @Override
    public RgbImage image(int index) {
        return withoutBorder(bordered.image(index), name(index));
    }

    @Override
    public String description() {
        return bordered.description() + ", borders cut off";
    }
}
