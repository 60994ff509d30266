package org.diffusionclassifier.benchmark;

import static org.diffusionclassifier.benchmark.Figure.Source.LISTED;
import static org.diffusionclassifier.benchmark.Figure.Source.PAPER;

import java.util.List;
import java.util.function.Supplier;
import org.diffusionclassifier.benchmark.Task.ClassTask;
import org.diffusionclassifier.dataset.published.ObjectNet;
import org.diffusionclassifier.prompt.Preset;
import org.diffusionclassifier.prompt.PromptSet;

/**
 * ImageNet, sets of pictures of its classes, and ObjectNet, part of whose classes are ImageNet's: for captions, and for
 * models that are conditioned on ImageNet's labels. Of a set with some of the classes, these alone compete. ImageNet's
 * relatives have the staged elimination of ImageNet, with which the paper ran captions on ImageNet alone.
 */
final class ImageNetBenchmarks {

    private static final String TOP_1 = "top-1";
    private static final int OF_A_CLASS = 4;
    private static final List<String> ALL = List.of("all");

    private final ClassList classes = ClassList.of("imagenet");

    private ImageNetBenchmarks() {
    }

    static List<Benchmark> all() {
        var made = new ImageNetBenchmarks();
        return List.of(made.imageNet(), made.objectNet(),
                made.v2("matched-frequency", "matched-frequency", List.of(listed(80.6))),
                made.v2("threshold-0.7", "threshold0.7", List.of()), made.v2("top-images", "top-images", List.of()),
                made.folders("imagenet-a", "ImageNet-A", 7500, ClassList.imageNetSubset("imagenet-a"), "imagenet-a",
                        "imagenet-a.tar", "https://github.com/hendrycks/natural-adv-examples", listed(16.2)),
                made.folders("imagenet-r", "ImageNet-R", 30_000, ClassList.imageNetSubset("imagenet-r"), "imagenet-r",
                        "imagenet-r.tar", "https://github.com/hendrycks/imagenet-r", listed(38.3)),
                made.folders("imagenet-sketch", "ImageNet-Sketch", 50_889, ClassList.imageNet(), "sketch",
                        "ImageNet-Sketch.zip", "https://github.com/HaohanWang/ImageNet-Sketch", listed(53.7)));
    }

    private Benchmark imageNet() {
        return new Benchmark("imagenet", "ImageNet", 50_000, 1000, List.of("val"),
                new DataLayout("val/ with a folder a class, or ILSVRC2012_img_val.tar and "
                        + "ILSVRC2012_devkit_t12.tar.gz, unpacked or not, or Kaggle's LOC_val_solution.csv and ILSVRC/",
                        List.of("val", "ILSVRC2012_val_00000001.JPEG", "LOC_val_solution.csv"),
                        List.of("imagenet", "imagenet-object-localization-challenge"),
                        List.of("ILSVRC2012_img_val.tar"), "https://image-net.org/download.php",
                        "for research only, on request"),
                task(PublishedPictures.imageNet(classes.keys()), classes.keys(), ClassList.imageNet(), OF_A_CLASS),
                List.of(new Figure(Benchmarks.SD, TOP_1, 61.4, null, PAPER)));
    }

    private Benchmark objectNet() {
        ClassList objects = ClassList.of("objectnet");
        return new Benchmark("objectnet", "ObjectNet", 18_574, 113, ALL,
                new DataLayout("objectnet-1.0/images/alarm_clock/ and so on (its archive has a password: unpack it)",
                        List.of("images/alarm_clock"), List.of("objectnet-1.0"), List.of(), "https://objectnet.dev/",
                        "its own, which forbids training on it"),
                task(PublishedPictures.archived((root, split) -> ObjectNet.open(root, objects.keys())),
                        objects.keys(), objects::prompts, objects::objectNetLabels, Preset.OBJECTNET, null),
                List.of(new Figure(Benchmarks.SD, TOP_1, 43.4, null, PAPER)));
    }

    private Benchmark v2(String variant, String published, List<Figure> figures) {
        String title = "ImageNetV2 " + variant;
        String folder = "imagenetv2-" + published + "-format-val";
        String ofPython = "ImageNetV2-" + variant;
        return new Benchmark("imagenetv2-" + variant, title, 10_000, 1000, ALL,
                new DataLayout(folder + "/0/ to 999/, or imagenetv2-" + published + ".tar.gz", List.of("0", "1"),
                        List.of(folder, ofPython), List.of("imagenetv2-" + published + ".tar.gz"),
                        "https://huggingface.co/datasets/vaishaal/ImageNetV2", "MIT"),
                task(PublishedPictures.numberedFolders(title, folder, ofPython), PublishedPictures.NUMBERS,
                        ClassList.imageNet(), null), figures);
    }

    private Benchmark folders(String name, String title, int images, List<Integer> indices, String folder,
            String archive, String page, Figure... figures) {
        List<String> wnids = indices.stream().map(classes.keys()::get).toList();
        return new Benchmark(name, title, images, indices.size(), ALL,
                new DataLayout(folder + "/" + wnids.get(0) + "/ and so on, or " + archive, wnids, List.of(folder),
                        List.of(archive), page, "MIT"),
                task(PublishedPictures.wordNetFolders(title, classes.keys(), indices, folder), classes.keys(), indices,
                        null),
                List.of(figures));
    }

    private ClassTask task(Task.Opening opening, List<String> keys, List<Integer> indices,
            Integer limitPerClass) {
        return task(opening, keys, () -> classes.captions(indices), () -> classes.labels(indices), Preset.IMAGENET,
                limitPerClass);
    }

    private static ClassTask task(Task.Opening opening, List<String> keys, Supplier<PromptSet> captions,
            Supplier<PromptSet> labels, Preset preset, Integer limitPerClass) {
        return new ClassTask(opening, keys, captions, labels, preset.strategy(), preset.loss(), limitPerClass);
    }

    private static Figure listed(double percent) {
        return new Figure(null, TOP_1, percent, null, LISTED);
    }
}
