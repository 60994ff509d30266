package org.diffusionclassifier.dataset.published;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.diffusionclassifier.file.CsvTable;
import org.diffusionclassifier.file.MatFile;
import org.diffusionclassifier.tensor.InputException;

/**
 * The validation pictures of ImageNet (ILSVRC 2012), with the labels that models are trained with: a class's index is
 * the rank of its WordNet id. They come in one folder, and their labels from
 * <pre>
 *   the devkit   ILSVRC2012_devkit_t12/data/meta.mat                                      ILSVRC2012_ID and WNID
 *                ILSVRC2012_devkit_t12/data/ILSVRC2012_validation_ground_truth.txt        an ILSVRC2012_ID a picture
 *   or Kaggle    LOC_synset_mapping.txt (WNID NAMES a line), LOC_val_solution.csv (ImageId, "WNID x y x y …")
 * </pre>
 * An ILSVRC2012_ID is another order of the same classes. Pictures that torchvision has sorted into a folder a class
 * need no list.
 */
public final class ImageNet {

    private static final String FIRST = name(1);

    private ImageNet() {
    }

    /**
     * @param pictures the folder of {@code ILSVRC2012_val_00000001.JPEG} and so on, or the one that holds it as
     *                 {@code val}
     * @param devkit   the folder {@code ILSVRC2012_devkit_t12}, or the one that holds it
     * @return classes by WordNet id
     * @throws InputException if files are missing or contradict each other
     */
    public static ListedImages open(Path pictures, Path devkit) {
        Path data = DataRoot.find(devkit, "ImageNet's devkit", "ILSVRC2012_devkit_t12", "data/meta.mat")
                .resolve("data");
        Map<Integer, String> wnids = leaves(data.resolve("meta.mat"));
        List<String> classes = wnids.values().stream().sorted().toList();
        Path root = DataRoot.find(pictures, "ImageNet's validation pictures", "val", FIRST);
        var entries = new ArrayList<ListedImages.Entry>();
        for (ListLine line : ListLine.read(data.resolve("ILSVRC2012_validation_ground_truth.txt"))) {
            int id = line.number(line.text(), 1, wnids.size(), "an ILSVRC2012_ID");
            entries.add(ListedImages.Entry.of(root, name(entries.size() + 1), classes.indexOf(wnids.get(id)),
                    line.where()));
        }
        return new ListedImages("ImageNet validation", root, classes, entries);
    }

    /**
     * @param given the folder of Kaggle's lists, in which the pictures are in {@code ILSVRC/Data/CLS-LOC/val}
     * @return classes by WordNet id, pictures in the order of their numbers
     * @throws InputException if files are missing or contradict each other
     */
    public static ListedImages openKaggle(Path given) {
        Path root = DataRoot.find(given, "Kaggle's ImageNet", "imagenet-object-localization-challenge",
                "LOC_val_solution.csv");
        var classes = new ArrayList<String>();
        for (ListLine line : ListLine.read(root.resolve("LOC_synset_mapping.txt"))) {
            classes.add(line.text().split("\\s", 2)[0]);
        }
        var table = CsvTable.read(root.resolve("LOC_val_solution.csv"));
        String image = table.column("ImageId");
        String boxes = table.column("PredictionString");
        var entries = new ArrayList<ListedImages.Entry>();
        for (var row : table.rows()) {
            String wnid = row.get(boxes).strip().split("\\s", 2)[0];
            int label = classes.indexOf(wnid);
            if (label < 0) {
                throw new InputException(row.where() + ": expected a class of LOC_synset_mapping.txt, found "
                        + InputException.quoted(wnid));
            }
            entries.add(ListedImages.Entry.of(root, "ILSVRC/Data/CLS-LOC/val/" + row.get(image) + ".JPEG", label,
                    row.where()));
        }
        entries.sort(Comparator.comparing(ListedImages.Entry::path));
        return new ListedImages("ImageNet validation", root, classes, entries);
    }

    /** WordNet ids by ILSVRC2012_ID, 1 to as many as there are, of the classes that no other is a kind of. */
    private static Map<Integer, String> leaves(Path file) {
        var leaves = new HashMap<Integer, String>();
        var ids = new ArrayList<String>();
        for (MatFile.Structure synset : MatFile.read(file).structures("synsets")) {
            if (synset.integer("num_children", 0, Integer.MAX_VALUE) == 0) {
                leaves.put(synset.integer("ILSVRC2012_ID", 1, Integer.MAX_VALUE), synset.text("WNID"));
                ids.add(synset.text("WNID"));
            }
        }
        for (int id = 1; id <= ids.size(); id++) {
            if (!leaves.containsKey(id)) {
                throw InputException.at(file, "expected classes 1 to " + ids.size() + ", found no " + id);
            }
        }
        if (ids.stream().distinct().count() != ids.size()) {
            throw InputException.at(file, "a WNID is there twice");
        }
        return leaves;
    }

    private static String name(int number) {
        return String.format(Locale.ROOT, "ILSVRC2012_val_%08d.JPEG", number);
    }
}
