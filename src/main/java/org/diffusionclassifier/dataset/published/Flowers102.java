package org.diffusionclassifier.dataset.published;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.diffusionclassifier.file.MatFile;
import org.diffusionclassifier.tensor.InputException;

/**
 * Oxford Flowers-102 (Nilsback and Zisserman, 2008), as published and as torchvision unpacks it:
 * <pre>
 *   flowers-102/jpg/image_NNNNN.jpg       numbers from 1
 *   flowers-102/imagelabels.mat           labels: the class of each picture, from 1
 *   flowers-102/setid.mat                 trnid, valid, tstid: the numbers of a split's pictures
 * </pre>
 * The names of the classes are in none of the files.
 */
public final class Flowers102 {

    private static final int CLASSES = 102;
    private static final Map<String, String> SPLITS = Map.of("train", "trnid", "val", "valid", "test", "tstid");

    private Flowers102() {
    }

    /**
     * @param split {@code train}, {@code val} or {@code test}, the largest
     * @return labels from 0 to 101
     * @throws InputException if files are missing or contradict each other
     */
    public static ListedImages open(Path given, String split) {
        Path root = DataRoot.find(given, "Flowers-102", "flowers-102", "jpg");
        return open(root, root, split);
    }

    /**
     * As {@link #open(Path, String)}, from the published archive of pictures, beside which the other files lie.
     *
     * @param root  the folder that holds {@code jpg}
     * @param lists the folder of the other files
     */
    public static ListedImages open(Path root, Path lists, String split) {
        DataRoot.requireSplit(split, "train", "val", "test");
        int[] labels = MatFile.read(lists.resolve("imagelabels.mat")).integers("labels", 1, CLASSES);
        Path sets = lists.resolve("setid.mat");
        var entries = new ArrayList<ListedImages.Entry>();
        for (int number : MatFile.read(sets).integers(SPLITS.get(split), 1, labels.length)) {
            String path = String.format(Locale.ROOT, "jpg/image_%05d.jpg", number);
            entries.add(ListedImages.Entry.of(root, path, labels[number - 1] - 1, InputException.name(sets)));
        }
        return new ListedImages("Flowers-102 " + split, root, List.of(), entries);
    }
}
