package org.diffusionclassifier.benchmark;

import static org.diffusionclassifier.benchmark.Figure.Source.AUTHOR;
import static org.diffusionclassifier.benchmark.Figure.Source.PAPER;
import static org.diffusionclassifier.benchmark.PublishedPictures.archived;
import static org.diffusionclassifier.benchmark.PublishedPictures.in;

import java.util.List;
import java.util.stream.Stream;
import org.diffusionclassifier.benchmark.Task.ClassTask;
import org.diffusionclassifier.dataset.Datasets;
import org.diffusionclassifier.dataset.published.Aircraft;
import org.diffusionclassifier.dataset.published.ClassFolders;
import org.diffusionclassifier.dataset.published.ClevrCount;
import org.diffusionclassifier.dataset.published.Food101;
import org.diffusionclassifier.dataset.published.Stl10;
import org.diffusionclassifier.prompt.Preset;
import org.diffusionclassifier.score.Objective;
import org.diffusionclassifier.strategy.Staged;
import org.diffusionclassifier.tensor.InputException;

/**
 * The table of benchmarks. Settings, captions and figures are those of the paper (Li et al., 2023, arXiv 2303.16203)
 * and of its official repository, unless a figure says otherwise. {@link ImageNetBenchmarks} has ImageNet and its
 * relatives, {@link CaptionBenchmarks} those that are not about classes.
 */
public final class Benchmarks {

    static final String SD = "Stable Diffusion 2.0-base";
    private static final String TOP_1 = "top-1";

    /** The author's settings for CIFAR-100: those of Flowers-102. */
    private static final Staged CIFAR_100 = Preset.FLOWERS.strategy();
    private static final Staged OF_TEN_CLASSES = Preset.CIFAR10.strategy();

    private static final String CIFAR_PAGE = "https://www.cs.toronto.edu/~kriz/cifar.html";
    private static final String NONE_STATED = "no licence stated";

    private Benchmarks() {
    }

    /** All of them, the paper's first. */
    public static List<Benchmark> all() {
        return Stream.of(zeroShot(), ImageNetBenchmarks.all(), CaptionBenchmarks.all(), others())
                .flatMap(List::stream).toList();
    }

    /** @throws InputException for a name that none has */
    public static Benchmark of(String name) {
        return all().stream().filter(benchmark -> benchmark.name().equals(name)).findFirst()
                .orElseThrow(() -> InputException.of("%s: expected %s, found %s", InputException.field("benchmark"),
                        String.join(", ", all().stream().map(Benchmark::name).toList()), InputException.quoted(name)));
    }

    private static List<Benchmark> zeroShot() {
        ClassList food = ClassList.of("food");
        ClassList cifar = ClassList.of("cifar10");
        ClassList aircraft = ClassList.of("aircraft");
        ClassList pets = ClassList.of("pets");
        ClassList flowers = ClassList.of("flowers");
        ClassList stl = ClassList.of("stl10");
        return List.of(
                new Benchmark("food101", "Food-101", 25_250, 101, List.of("test", "train"),
                        new DataLayout("food-101/meta/test.json and food-101/images/, or food-101.tar.gz",
                                List.of("meta"), List.of("food-101"), List.of("food-101.tar.gz"),
                                "https://data.vision.ee.ethz.ch/cvl/datasets_extra/food-101/", "for research only"),
                        captions(food, archived(Food101::open), Preset.FOOD), paper(77.7)),
                new Benchmark("cifar10", "CIFAR-10", 10_000, 10, List.of("test", "train"),
                        new DataLayout("cifar-10-batches-py/test_batch and batches.meta, or "
                                + "cifar-10-batches-bin/test_batch.bin and batches.meta.txt, or "
                                + "cifar-10-python.tar.gz, or cifar-10-binary.tar.gz",
                                List.of("batches.meta.txt", "batches.meta"),
                                List.of("cifar-10-batches-bin", "cifar-10-batches-py"),
                                List.of("cifar-10-binary.tar.gz", "cifar-10-python.tar.gz"), CIFAR_PAGE, NONE_STATED),
                        captions(cifar, archived((root, split) ->
                                Datasets.cifar10(in(root, "cifar-10-batches-bin", "cifar-10-batches-py"), split)),
                                Preset.CIFAR10), paper(88.5)),
                new Benchmark("aircraft", "FGVC-Aircraft", 3333, 100, List.of("test", "train", "val", "trainval"),
                        new DataLayout("fgvc-aircraft-2013b/data/variants.txt, images_variant_test.txt and images/, or "
                                + "fgvc-aircraft-2013b.tar.gz", List.of("data/variants.txt"),
                                List.of("fgvc-aircraft-2013b"), List.of("fgvc-aircraft-2013b.tar.gz"),
                                "https://www.robots.ox.ac.uk/~vgg/data/fgvc-aircraft/", "for research only"),
                        captions(aircraft, archived((root, split) ->
                                Aircraft.open(root, Aircraft.Level.VARIANT, split)), Preset.AIRCRAFT),
                        paper(26.4)),
                new Benchmark("pets", "Oxford-IIIT Pets", 3669, 37, List.of("test", "trainval"),
                        new DataLayout("oxford-iiit-pet/annotations/test.txt and oxford-iiit-pet/images/, or "
                                + "annotations.tar.gz and images.tar.gz in their place",
                                List.of("annotations", "annotations.tar.gz"), List.of("oxford-iiit-pet"), List.of(),
                                "https://www.robots.ox.ac.uk/~vgg/data/pets/", "CC BY-SA 4.0"),
                        captions(pets, PublishedPictures.pets(), Preset.PETS), paper(87.3)),
                new Benchmark("flowers102", "Flowers-102", 6149, 102, List.of("test", "val", "train"),
                        new DataLayout("flowers-102/jpg/, imagelabels.mat and setid.mat, or 102flowers.tgz in the "
                                + "place of jpg/", List.of("jpg", "102flowers.tgz", "setid.mat"),
                                List.of("flowers-102"), List.of(), "https://www.robots.ox.ac.uk/~vgg/data/flowers/102/",
                                NONE_STATED),
                        captions(flowers, PublishedPictures.flowers(), Preset.FLOWERS), paper(66.3)),
                new Benchmark("stl10", "STL-10", 8000, 10, List.of("test", "train"),
                        new DataLayout("stl10_binary/test_X.bin, test_y.bin and class_names.txt, or "
                                + "stl10_binary.tar.gz",
                                List.of("class_names.txt"), List.of("stl10_binary"), List.of("stl10_binary.tar.gz"),
                                "https://cs.stanford.edu/~acoates/stl10/", "ImageNet's terms"),
                        captions(stl, archived(Stl10::open), Preset.STL10), paper(95.4)));
    }

    private static List<Benchmark> others() {
        ClassList cifar = ClassList.of("cifar100");
        ClassList mnist = ClassList.of("mnist");
        ClassList fashion = ClassList.of("fashion-mnist");
        ClassList euroSat = ClassList.of("eurosat");
        ClassList clevr = ClassList.of("clevr");
        List<String> idx = List.of("t10k-images-idx3-ubyte", "t10k-images-idx3-ubyte.gz");
        return List.of(
                new Benchmark("cifar100", "CIFAR-100", 10_000, 100, List.of("test", "train"),
                        new DataLayout("cifar-100-python/test and meta, or cifar-100-binary/test.bin and "
                                + "fine_label_names.txt, or cifar-100-python.tar.gz, or cifar-100-binary.tar.gz",
                                List.of("fine_label_names.txt", "meta"),
                                List.of("cifar-100-binary", "cifar-100-python"),
                                List.of("cifar-100-binary.tar.gz", "cifar-100-python.tar.gz"), CIFAR_PAGE, NONE_STATED),
                        captions(cifar, archived((root, split) ->
                                Datasets.cifar100(in(root, "cifar-100-binary", "cifar-100-python"), split)),
                                CIFAR_100),
                        List.of(new Figure(SD, TOP_1, 67.73, null, AUTHOR))),
                new Benchmark("mnist", "MNIST", 10_000, 10, List.of("test", "train"),
                        new DataLayout("t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte, gzipped or not", idx,
                                List.of("MNIST/raw", "mnist"), List.of(), "http://yann.lecun.com/exdb/mnist/",
                                NONE_STATED),
                        captions(mnist, archived(Datasets::idx), OF_TEN_CLASSES), List.of()),
                new Benchmark("fashion-mnist", "Fashion-MNIST", 10_000, 10, List.of("test", "train"),
                        new DataLayout("t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte, gzipped or not", idx,
                                List.of("FashionMNIST/raw", "fashion-mnist"), List.of(),
                                "https://github.com/zalandoresearch/fashion-mnist", "MIT"),
                        captions(fashion, archived(Datasets::idx), OF_TEN_CLASSES), List.of()),
                new Benchmark("eurosat", "EuroSAT", 27_000, 10, List.of("all"),
                        new DataLayout("2750/AnnualCrop/ and so on, or EuroSAT.zip", euroSat.keys(),
                                List.of("2750", "eurosat/2750", "EuroSAT/2750"), List.of("EuroSAT.zip"),
                                "https://github.com/phelber/EuroSAT", "MIT"),
                        captions(euroSat, archived((root, split) ->
                                ClassFolders.open("EuroSAT", in(root, "2750"), euroSat.keys())), OF_TEN_CLASSES),
                        List.of()),
                new Benchmark("clevr", "CLEVR, number of objects", 15_000, 8, List.of("val", "train"),
                        new DataLayout("CLEVR_v1.0/scenes/CLEVR_val_scenes.json and CLEVR_v1.0/images/val/, or "
                                + "CLEVR_v1.0.zip", List.of("scenes"), List.of("CLEVR_v1.0", "clevr/CLEVR_v1.0"),
                                List.of("CLEVR_v1.0.zip"), "https://cs.stanford.edu/people/jcjohns/clevr/",
                                "CC BY 4.0"),
                        captions(clevr, archived(ClevrCount::open), OF_TEN_CLASSES), List.of()));
    }

    private static ClassTask captions(ClassList classes, Task.Opening opening, Preset preset) {
        return new ClassTask(opening, classes.keys(), classes::prompts, null, preset.strategy(), preset.loss(),
                null);
    }

    private static ClassTask captions(ClassList classes, Task.Opening opening, Staged strategy) {
        return new ClassTask(opening, classes.keys(), classes::prompts, null, strategy, Objective.L1, null);
    }

    private static List<Figure> paper(double percent) {
        return List.of(new Figure(SD, TOP_1, percent, null, PAPER));
    }
}
