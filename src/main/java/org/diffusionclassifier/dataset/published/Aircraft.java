package org.diffusionclassifier.dataset.published;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.diffusionclassifier.tensor.InputException;

/**
 * FGVC-Aircraft (Maji et al., 2013, arXiv 1306.5151), as published and as torchvision unpacks it:
 * <pre>
 *   fgvc-aircraft-2013b/data/images/NUMBER.jpg
 *   fgvc-aircraft-2013b/data/{variants,families,manufacturers}.txt                        a class a line
 *   fgvc-aircraft-2013b/data/images_{variant,family,manufacturer}_SPLIT.txt               NUMBER CLASS
 * </pre>
 * A class may contain blanks and slashes.
 */
public final class Aircraft {

    /** What is a class. */
    public enum Level {
        VARIANT("variant", "variants.txt"), FAMILY("family", "families.txt"),
        MANUFACTURER("manufacturer", "manufacturers.txt");

        private final String word;
        private final String classes;

        Level(String word, String classes) {
            this.word = word;
            this.classes = classes;
        }
    }

    private Aircraft() {
    }

    /**
     * @param split {@code train}, {@code val}, {@code trainval} or {@code test}
     * @throws InputException if files are missing or contradict each other
     */
    public static ListedImages open(Path given, Level level, String split) {
        DataRoot.requireSplit(split, "train", "val", "trainval", "test");
        Path root = DataRoot.find(given, "FGVC-Aircraft", "fgvc-aircraft-2013b", "data/images").resolve("data");
        List<String> classes = ListLine.names(root.resolve(level.classes));
        var entries = new ArrayList<ListedImages.Entry>();
        for (ListLine line : ListLine.read(root.resolve("images_" + level.word + "_" + split + ".txt"))) {
            String[] fields = line.fields(2, "the number of a picture and its class");
            int label = classes.indexOf(fields[1]);
            if (label < 0) {
                throw line.wrong("a class of " + level.classes);
            }
            entries.add(ListedImages.Entry.of(root, "images/" + fields[0] + ".jpg", label, line.where()));
        }
        return new ListedImages("FGVC-Aircraft " + split, root, classes, entries);
    }
}
