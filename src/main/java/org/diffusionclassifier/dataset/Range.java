package org.diffusionclassifier.dataset;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.diffusionclassifier.tensor.InputException;

/**
 * Which images of a dataset, and in which order: the first image of each class, then the second of each, and so on, a
 * class's images in the dataset's order. A larger limit therefore has the images of a smaller one first, so that a run
 * can be extended, and what has been classified at any time is spread over the classes.
 *
 * @param first         leaves out all but the dataset's first so many images, whatever their classes; null for none
 * @param limit         so many images; null for all
 * @param limitPerClass so many images of each class; null for all
 * @param shard         which share of these
 */
public record Range(Integer first, Integer limit, Integer limitPerClass, Shard shard) {

    public static final Range ALL = new Range(null, null, null, new Shard(1, 1));

    /** @throws InputException for a number below 1 */
    public Range {
        requirePositive("first", first);
        requirePositive("limit", limit);
        requirePositive("limitPerClass", limitPerClass);
    }

    private static void requirePositive(String field, Integer number) {
        if (number != null && number < 1) {
            throw InputException.of("%s: expected at least 1, found %d", InputException.field(field), number);
        }
    }

    /**
     * The indices of the images.
     *
     * @throws InputException if there are none
     */
    public int[] indices(Dataset dataset) {
        var chosen = new ArrayList<Integer>();
        List<List<Integer>> classes = byClass(dataset);
        int rounds = classes.stream().mapToInt(List::size).max().orElseThrow();
        int most = limit == null ? dataset.size() : limit;
        int counted = 0;
        for (int round = 0; round < (limitPerClass == null ? rounds : Math.min(rounds, limitPerClass)); round++) {
            for (int of = 0; of < classes.size() && counted < most; of++) {
                if (round < classes.get(of).size()) {
                    counted++;
                    // A Latin square: each round, and each class, is dealt to the shards in turn.
                    if (shard.has(round + of)) {
                        chosen.add(classes.get(of).get(round));
                    }
                }
            }
        }
        if (chosen.isEmpty()) {
            throw InputException.of("%s: expected a share of at least one image, found none of %d",
                    InputException.field("shard"), counted);
        }
        return chosen.stream().mapToInt(Integer::intValue).toArray();
    }

    /**
     * Those of examples without classes, in their order.
     *
     * @throws InputException if there are none
     */
    public <T> List<T> of(List<T> examples) {
        int counted = limit == null ? examples.size() : Math.min(limit, examples.size());
        List<T> chosen = IntStream.range(0, counted).filter(shard::has).mapToObj(examples::get).toList();
        if (chosen.isEmpty()) {
            throw InputException.of("%s: expected a share of at least one example, found none of %d",
                    InputException.field("shard"), counted);
        }
        return chosen;
    }

    /** The indices of each class's images, rising, the classes in the order of their labels. */
    private List<List<Integer>> byClass(Dataset dataset) {
        var classes = new TreeMap<Integer, List<Integer>>();
        for (int index = 0; index < (first == null ? dataset.size() : Math.min(first, dataset.size())); index++) {
            classes.computeIfAbsent(dataset.label(index), label -> new ArrayList<>()).add(index);
        }
        return List.copyOf(classes.values());
    }
}
