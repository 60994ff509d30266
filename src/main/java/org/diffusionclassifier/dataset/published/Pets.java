package org.diffusionclassifier.dataset.published;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Locale;
import java.util.TreeMap;
import org.diffusionclassifier.tensor.InputException;

/**
 * Oxford-IIIT Pets (Parkhi et al., 2012), as published and as torchvision unpacks it:
 * <pre>
 *   oxford-iiit-pet/images/BREED_NUMBER.jpg
 *   oxford-iiit-pet/annotations/{trainval,test}.txt     BREED_NUMBER CLASS SPECIES BREED-OF-SPECIES, counted from 1
 * </pre>
 * Pictures are those of the list: the folder holds others. Some are GIF or PNG under the name of JPEG.
 */
public final class Pets {

    private static final String TITLE = "Oxford-IIIT Pets";
    private static final String LISTS = "annotations";
    private static final int CLASSES = 37;

    private Pets() {
    }

    /**
     * @param split {@code trainval} or {@code test}
     * @return classes by their breeds, each word with a capital
     * @throws InputException if files are missing or contradict each other
     */
    public static ListedImages open(Path given, String split) {
        Path root = DataRoot.find(given, TITLE, "oxford-iiit-pet", LISTS);
        return open(root, root, split);
    }

    /**
     * As {@link #open(Path, String)}, from the published archives, which are two.
     *
     * @param root  the folder that holds {@code images}
     * @param lists the folder that holds {@code annotations}
     */
    public static ListedImages open(Path root, Path lists, String split) {
        DataRoot.requireSplit(split, "trainval", "test");
        Path list = lists.resolve(LISTS + "/" + split + ".txt");
        var breeds = new TreeMap<Integer, String>();
        var entries = new ArrayList<ListedImages.Entry>();
        for (ListLine line : ListLine.read(list)) {
            String[] fields = line.fields(4, "a picture, its class, species and breed");
            int label = line.number(fields[1], 1, CLASSES, "a class") - 1;
            int end = fields[0].lastIndexOf('_');
            String breed = end < 1 ? null : capitalised(fields[0].substring(0, end));
            String before = breeds.putIfAbsent(label, breed);
            if (breed == null || before != null && !before.equals(breed)) {
                throw line.wrong(before == null ? "BREED_NUMBER" : "pictures of " + before + " in class " + fields[1]);
            }
            entries.add(ListedImages.Entry.of(root, "images/" + fields[0] + ".jpg", label, line.where()));
        }
        if (breeds.lastKey() != breeds.size() - 1) {
            throw InputException.at(list, "expected pictures of every class up to " + (breeds.lastKey() + 1)
                    + ", found " + breeds.size() + " classes");
        }
        return new ListedImages(TITLE + " " + split, root, new ArrayList<>(breeds.values()), entries);
    }

    private static String capitalised(String breed) {
        var name = new StringBuilder();
        for (String word : breed.split("_")) {
            name.append(name.isEmpty() ? "" : " ");
            if (!word.isEmpty()) {
                name.append(word.substring(0, 1).toUpperCase(Locale.ROOT)).append(word.substring(1));
            }
        }
        return name.toString();
    }
}
