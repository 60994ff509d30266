package org.diffusionclassifier.benchmark;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.BiFunction;
import java.util.stream.IntStream;
import org.diffusionclassifier.benchmark.Task.Opening;
import org.diffusionclassifier.dataset.Dataset;
import org.diffusionclassifier.dataset.Datasets;
import org.diffusionclassifier.dataset.published.ClassFolders;
import org.diffusionclassifier.dataset.published.ImageNet;
import org.diffusionclassifier.file.archive.Archive;

/** Ways of opening published pictures so that labels are the indices of a benchmark's classes. */
final class PublishedPictures {

    private static final String FIRST_OF_IMAGENET = "ILSVRC2012_val_00000001.JPEG";
    private static final String DEVKIT = "ILSVRC2012_devkit_t12";
    private static final String KAGGLE = "LOC_val_solution.csv";

    private PublishedPictures() {
    }

    /** Pictures whose classes have names of the data set's: {@code keys} by index. */
    static Opening named(List<String> keys, BiFunction<Path, String, Dataset> reader) {
        return (place, split) -> Datasets.archived(place, root -> Indexed.of(reader.apply(root, split), keys));
    }

    /** Pictures that are labelled by indices. */
    static Opening indexed(BiFunction<Path, String, Dataset> reader) {
        return (place, split) -> Datasets.archived(place, root -> reader.apply(root, split));
    }

    /** The folder of that name in an archive, or in what was unpacked from one; else the place itself. */
    static Path in(Path place, String... folders) {
        for (String folder : folders) {
            if (Files.isDirectory(place.resolve(folder))) {
                return place.resolve(folder);
            }
        }
        return place;
    }

    /**
     * Folders that are named by WordNet ids.
     *
     * @param keys    all of ImageNet's, by index
     * @param indices which of them the data set has
     * @param folder  in which the folders are
     */
    static Opening wordNetFolders(String title, List<String> keys, List<Integer> indices, String folder) {
        List<String> classes = indices.stream().map(keys::get).toList();
        return named(keys, (root, split) -> ClassFolders.open(title, in(root, folder), classes));
    }

    /** Folders that are named by the indices of ImageNet's classes. */
    static Opening numberedFolders(String title, String... folders) {
        List<String> numbers = IntStream.range(0, 1000).mapToObj(String::valueOf).toList();
        return named(numbers, (root, split) -> ClassFolders.open(title, in(root, folders), numbers));
    }

    /**
     * ImageNet's validation pictures: sorted into folders by torchvision; as published, unpacked or not, with the devkit
     * beside them; or Kaggle's.
     */
    static Opening imageNet(List<String> keys) {
        return (place, split) -> {
            if (Files.exists(place.resolve(KAGGLE))) {
                return Indexed.of(ImageNet.openKaggle(place), keys);
            }
            Path pictures = in(place, "val");
            if (Files.isDirectory(pictures) && Files.notExists(pictures.resolve(FIRST_OF_IMAGENET))) {
                return Indexed.of(ClassFolders.open("ImageNet validation", pictures, keys), keys);
            }
            Path beside = Files.isDirectory(place) ? place : place.toAbsolutePath().getParent();
            try (Archive devkit = devkit(beside)) {
                return Datasets.archived(pictures, root -> Indexed.of(ImageNet.open(root, devkit.root()), keys));
            }
        };
    }

    private static Archive devkit(Path beside) {
        Path folder = beside.resolve(DEVKIT);
        Path archive = beside.resolve(DEVKIT + ".tar.gz");
        return Archive.open(Files.isRegularFile(archive) && Files.notExists(folder) ? archive : beside);
    }
}
