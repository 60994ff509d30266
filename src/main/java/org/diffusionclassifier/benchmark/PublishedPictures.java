package org.diffusionclassifier.benchmark;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.diffusionclassifier.benchmark.Task.Opening;
import org.diffusionclassifier.dataset.Dataset;
import org.diffusionclassifier.dataset.Datasets;
import org.diffusionclassifier.dataset.published.ClassFolders;
import org.diffusionclassifier.dataset.published.Flowers102;
import org.diffusionclassifier.dataset.published.ImageNet;
import org.diffusionclassifier.dataset.published.Pets;
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

    /** The folder of Parquet files, as the Hugging Face hub has them: the one given, or one of the data set's in it. */
    static Path parquet(DataLayout layout, Path data) {
        return Stream.concat(Stream.of(data), layout.folders().stream().map(data::resolve))
                .filter(PublishedPictures::isParquet).findFirst().orElse(null);
    }

    /** Whether a folder, or its folder {@code data}, holds Parquet files. */
    private static boolean isParquet(Path folder) {
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
        return (layout, place, split) -> Datasets.archived(place, root ->
                layout.open(root, folder -> reader.apply(folder, split)));
    }

    /** Oxford-IIIT Pets, which are two archives beside each other, each unpacked or not; or one folder or archive. */
    static Opening pets() {
        return (layout, place, split) -> parted(layout, place, List.of("images.tar.gz", "annotations.tar.gz"),
                folder -> Datasets.archived(part(folder, "images", "images.tar.gz"), images ->
                        Datasets.archived(part(folder, "annotations", "annotations.tar.gz"), lists ->
                                Pets.open(images, lists, split))),
                archived(Pets::open), split);
    }

    /** Flowers-102, an archive of pictures, unpacked or not, and two files beside it; or one folder or archive. */
    static Opening flowers() {
        return (layout, place, split) -> parted(layout, place, List.of("102flowers.tgz"),
                folder -> Datasets.archived(part(folder, "jpg", "102flowers.tgz"), pictures ->
                        Flowers102.open(pictures, folder, split)),
                archived(Flowers102::open), split);
    }

    /**
     * Opens what is published as parts.
     *
     * @param archives of which one given stands for the folder that it is in
     * @param parts    opens the folder of the parts
     * @param whole    opens an archive of all parts
     */
    private static Dataset parted(DataLayout layout, Path place, List<String> archives, Function<Path, Dataset> parts,
            Opening whole, String split) {
        boolean isPart = Files.isRegularFile(place) && archives.contains(place.getFileName().toString());
        Path folder = isPart ? place.toAbsolutePath().getParent() : place;
        return Files.isDirectory(folder) ? layout.open(folder, parts) : whole.open(layout, place, split);
    }

    /** Where a part lies: in its folder if that is there, or else in the archive. */
    private static Path part(Path place, String folder, String archive) {
        return Files.notExists(place.resolve(folder)) && Files.isRegularFile(place.resolve(archive))
                ? place.resolve(archive) : place;
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
        return (layout, place, split) -> Files.isDirectory(place)
                ? layout.open(place, folder -> imageNet(folder, keys))
                : published(place, place.toAbsolutePath().getParent());
    }

    private static Dataset imageNet(Path folder, List<String> keys) {
        if (Files.exists(folder.resolve(KAGGLE))) {
            return ImageNet.openKaggle(folder);
        }
        Path pictures = in(folder, "val");
        return Files.isDirectory(pictures) && Files.notExists(pictures.resolve(FIRST_OF_IMAGENET))
                ? ClassFolders.open("ImageNet validation", pictures, keys) : published(pictures, folder);
    }

    /** @param beside where the devkit is, or its archive */
    private static Dataset published(Path pictures, Path beside) {
        Path devkit = part(beside, DEVKIT, DEVKIT + ".tar.gz");
        return Datasets.archived(pictures, root -> Datasets.archived(devkit, lists -> ImageNet.open(root, lists)));
    }
}
