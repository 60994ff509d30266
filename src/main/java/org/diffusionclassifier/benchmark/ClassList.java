package org.diffusionclassifier.benchmark;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.diffusionclassifier.file.CsvTable;
import org.diffusionclassifier.prompt.Prompt;
import org.diffusionclassifier.prompt.PromptSet;

/**
 * A benchmark's classes in the order of their indices.
 * <ul>
 * <li>{@code captions.csv} has those of the paper, as its official repository has them, and those of CIFAR-100 in the
 * same manner. ImageNet's names are the list of CLIP's authors, in which two classes are called missile and two
 * sunglasses.
 * <li>{@code own-captions.csv} has those of data sets that the paper does not use.
 * <li>{@code objectnet.csv} and {@code imagenet-subsets.csv} say which of ImageNet's classes are there.
 * </ul>
 *
 * @param keys    what a class is called in the data set's files
 * @param prompts one a class
 */
record ClassList(List<String> keys, PromptSet prompts) {

    private static final int IMAGENET_CLASSES = 1000;

    private static final List<CsvTable.Row> ROWS = Stream.of("captions.csv", "own-captions.csv")
            .flatMap(file -> CsvTable.resource(ClassList.class, file).rows().stream()).toList();

    /** @param benchmark as in the first column of the files */
    static ClassList of(String benchmark) {
        var keys = new ArrayList<String>();
        var prompts = new ArrayList<Prompt>();
        for (var row : ROWS) {
            if (row.get("benchmark").equals(benchmark)) {
                String name = row.get("name").isEmpty() ? row.get("key").replace('_', ' ') : row.get("name");
                keys.add(row.get("key"));
                prompts.add(new Prompt(row.get("prompt"), name, row.index("index")));
            }
        }
        return new ClassList(List.copyOf(keys), new PromptSet(prompts));
    }

    /** Indices among ImageNet's classes, rising. */
    static List<Integer> imageNetSubset(String benchmark) {
        return CsvTable.resource(ClassList.class, "imagenet-subsets.csv").rows().stream()
                .filter(row -> row.get("benchmark").equals(benchmark))
                .flatMap(row -> indices(row).stream()).toList();
    }

    /** All of them. */
    static List<Integer> imageNet() {
        return IntStream.range(0, IMAGENET_CLASSES).boxed().toList();
    }

    /** The captions of some classes, which keep their indices. */
    PromptSet captions(List<Integer> indices) {
        return new PromptSet(indices.stream().map(index -> prompts.prompts().get(index)).toList());
    }

    /** The labels of some classes: their indices. */
    PromptSet labels(List<Integer> indices) {
        return new PromptSet(indices.stream().map(index -> new Prompt(String.valueOf(index),
                prompts.className(index), index)).toList());
    }

    /** ObjectNet's classes, each as the labels of ImageNet that it comprises: the best of them counts. */
    PromptSet objectNetLabels() {
        var labels = new ArrayList<Prompt>();
        int index = 0;
        for (var row : CsvTable.resource(ClassList.class, "objectnet.csv").rows()) {
            for (int label : indices(row)) {
                labels.add(new Prompt(String.valueOf(label), prompts.className(index), index));
            }
            index++;
        }
        return new PromptSet(labels);
    }

    private static List<Integer> indices(CsvTable.Row row) {
        return Arrays.stream(row.get("imagenet_indices").split(" ")).map(Integer::valueOf).toList();
    }
}
