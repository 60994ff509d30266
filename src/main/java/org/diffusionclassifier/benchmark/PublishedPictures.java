package org.diffusionclassifier.benchmark;

import java.io.IOException;
import java.nio.file.DirectoryStream;
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
import org.diffusionclassifier.tensor.InputException;

/** Ways of opening published pictures. */
final class PublishedPictures {

    private static final String FIRST_OF_IMAGENET = "ILSVRC2012_val_00000001.JPEG";
    private static final String DEVKIT = "ILSVRC2012_devkit_t12";
    private static final String KAGGLE = "LOC_val_solution.csv";

    /** What ImageNetV2 calls ImageNet's classes. */
    static final List<String> NUMBERS = IntStream.range(0, 1000).mapToObj(String::valueOf).toList();

    private PublishedPictures() {
    }

    /** Whether a folder, or its folder {@code data}, holds Parquet files, as the Hugging Face hub has them. */
    static boolean isParquet(Path folder) {
        for (Path holder : List.of(folder, folder.resolve("data"))) {
            if (Files.isDirectory(holder)) {
                try (DirectoryStream<Path> files = Files.newDirectoryStream(holder, "*.parquet")) {
                    if (files.iterator().hasNext()) {
                        return true;
                    }
                } catch (IOException e) {
                    throw InputException.unreadable(holder, e);
                }
            }
        }
        return false;
    }

    /** Pictures in a folder, or in an archive of it. */
    static Opening archived(BiFunction<Path, String, Dataset> reader) {
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
        return archived((root, split) -> ClassFolders.open(title, in(root, folder), classes));
    }

    /** Folders that are named by the indices of ImageNet's classes. */
    static Opening numberedFolders(String title, String... folders) {
        return archived((root, split) -> ClassFolders.open(title, in(root, folders), NUMBERS));
    }

    /**
     * ImageNet's validation pictures: sorted into folders by torchvision; as published, unpacked or not, with the
     * devkit beside them; or Kaggle's.
     */
    static Opening imageNet(List<String> keys) {
        return (place, split) -> {
            if (Files.exists(place.resolve(KAGGLE))) {
                return ImageNet.openKaggle(place);
            }
            Path pictures = in(place, "val");
            if (Files.isDirectory(pictures) && Files.notExists(pictures.resolve(FIRST_OF_IMAGENET))) {
                return ClassFolders.open("ImageNet validation", pictures, keys);
            }
            Path beside = Files.isDirectory(place) ? place : place.toAbsolutePath().getParent();
            try (Archive devkit = devkit(beside)) {
                return Datasets.archived(pictures, root -> ImageNet.open(root, devkit.root()));
            }
        };
    }

    private static Archive devkit(Path beside) {
        Path folder = beside.resolve(DEVKIT);
        Path archive = beside.resolve(DEVKIT + ".tar.gz");
        return Archive.open(Files.isRegularFile(archive) && Files.notExists(folder) ? archive : beside);
    }
}
