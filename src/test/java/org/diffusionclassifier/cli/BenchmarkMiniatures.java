package org.diffusionclassifier.cli;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.diffusionclassifier.benchmark.Benchmarks;
import org.diffusionclassifier.dataset.published.PublishedFolder;

import static java.nio.charset.StandardCharsets.UTF_8;

/** Data sets of a few pictures in the layouts of the published ones, made file by file. */
final class BenchmarkMiniatures {

    private BenchmarkMiniatures() {
    }

    /**
     * Lays one out.
     *
     * @return the labels of its pictures, in its order
     */
    static List<Integer> layOut(String benchmark, Path data) throws IOException {
        var folder = new PublishedFolder(data);
        switch (benchmark) {
            case "food101" -> folder.text("food-101/meta/test.json", """
                            {"pizza": ["pizza/2", "pizza/1"], "apple_pie": ["apple_pie/3"]}
                            """)
                    .picture("food-101/images/pizza/1.jpg", 1).picture("food-101/images/pizza/2.jpg", 0xff0000)
                    .picture("food-101/images/apple_pie/3.jpg", 0xff00);
            case "cifar10" -> folder.bytes("cifar-10-batches-bin/test_batch.bin", concat(cifar(3), cifar(9)))
                    .text("cifar-10-batches-bin/batches.meta.txt",
                            "airplane\nautomobile\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n");
            case "aircraft" -> folder
                    .text("fgvc-aircraft-2013b/data/variants.txt", "707-320\nF-16A/B\nCessna 172\n")
                    .text("fgvc-aircraft-2013b/data/images_variant_test.txt", "0000002 F-16A/B\n0000001 707-320\n")
                    .picture("fgvc-aircraft-2013b/data/images/0000001.jpg", 1)
                    .picture("fgvc-aircraft-2013b/data/images/0000002.jpg", 0xff);
            case "pets" -> folder.text("oxford-iiit-pet/annotations/test.txt",
                            "Abyssinian_201 1 1 1\namerican_bulldog_7 2 2 1\n")
                    .picture("oxford-iiit-pet/images/Abyssinian_201.jpg", 1)
                    .picture("oxford-iiit-pet/images/american_bulldog_7.jpg", 0xff);
            case "flowers102" -> {
                folder.copy("imagelabels.mat", "flowers-102/imagelabels.mat")
                        .copy("setid.mat", "flowers-102/setid.mat");
                for (int number = 1; number <= 4; number++) {
                    folder.picture("flowers-102/jpg/image_0000" + number + ".jpg", number);
                }
            }
            case "stl10" -> folder.copy("test_X.bin", "stl10_binary/test_X.bin")
                    .copy("test_y.bin", "stl10_binary/test_y.bin").text("stl10_binary/class_names.txt",
                            "airplane\nbird\ncar\ncat\ndeer\ndog\nhorse\nmonkey\nship\ntruck\n");
            case "imagenet" -> {
                String devkit = "ILSVRC2012_devkit_t12/data/";
                folder.copy("meta.mat", devkit + "meta.mat")
                        .text(devkit + "ILSVRC2012_validation_ground_truth.txt", "1\n3\n2\n1\n1\n1\n1\n");
                for (int number = 1; number <= 7; number++) {
                    folder.picture("val/ILSVRC2012_val_0000000" + number + ".JPEG", number);
                }
            }
            case "objectnet" -> {
                for (String line : lines("objectnet.csv")) {
                    folder.picture("objectnet-1.0/images/" + line.split(",")[0] + "/a.png", line.hashCode());
                }
                folder.picture("objectnet-1.0/images/air_freshener/a.png", 1);
            }
            case "imagenetv2-matched-frequency" -> numbered("imagenetv2-matched-frequency-format-val", folder);
            case "imagenetv2-threshold-0.7" -> numbered("imagenetv2-threshold0.7-format-val", folder);
            case "imagenetv2-top-images" -> numbered("ImageNetV2-top-images", folder);     // by its Python package
            case "imagenet-a" -> folder.picture("imagenet-a/n01498041/x.jpg", 1)
                    .picture("imagenet-a/n01531178/y.jpg", 2).text("imagenet-a/README.txt", "n01498041 stingray\n");
            case "imagenet-r" -> folder.picture("imagenet-r/n01443537/x.jpg", 1)
                    .picture("imagenet-r/n01484850/y.jpg", 2);
            case "imagenet-sketch" -> folder.picture("sketch/n01440764/sketch_1.JPEG", 1)
                    .picture("sketch/n01443537/sketch_2.JPEG", 2);
            case "cifar100" -> folder.bytes("cifar-100-binary/test.bin",
                            concat(new byte[] {4}, cifar(0), new byte[] {4}, cifar(1)))
                    .text("cifar-100-binary/fine_label_names.txt", String.join("\n", cifar100()));
            case "mnist", "fashion-mnist" -> folder
                    .bytes("t10k-images-idx3-ubyte", concat(integers(0x803, 2, 4, 4), new byte[32]))
                    .bytes("t10k-labels-idx1-ubyte", concat(integers(0x801, 2), new byte[] {7, 2}));
            case "eurosat" -> folder.picture("2750/SeaLake/SeaLake_1.jpg", 1).picture("2750/Forest/Forest_1.jpg", 2);
            case "clevr" -> folder.text("CLEVR_v1.0/scenes/CLEVR_val_scenes.json", """
                            {"scenes": [{"image_filename": "CLEVR_val_000000.png", "objects": [{}, {}, {}]},
                                        {"image_filename": "CLEVR_val_000001.png", "objects": [{}, {}, {}, {}, {}]}]}
                            """)
                    .picture("CLEVR_v1.0/images/val/CLEVR_val_000000.png", 0)
                    .picture("CLEVR_v1.0/images/val/CLEVR_val_000001.png", 1);
            default -> throw new IllegalArgumentException(benchmark);
        }
        return labels(benchmark);
    }

    private static void numbered(String root, PublishedFolder folder) throws IOException {
        folder.picture(root + "/0/a.jpeg", 1).picture(root + "/10/b.jpeg", 2).picture(root + "/2/c.jpeg", 3);
    }

    /** Three pictures of ImageNet in another form than {@link #layOut} has. */
    static void layOutImageNet(String form, Path data) throws IOException {
        var folder = new PublishedFolder(data);
        List<String> wnids = List.of("n02119789", "n03255030", "n01440764");
        for (int i = 0; i < 3; i++) {
            String name = "ILSVRC2012_val_0000000" + (i + 1) + ".JPEG";
            switch (form) {
                case "tar" -> folder.picture("unpacked/" + name, i);
                case "folders" -> folder.picture("val/" + wnids.get(i) + "/" + name, i);
                default -> folder.picture("ILSVRC/Data/CLS-LOC/val/" + name, i);
            }
        }
        if (form.equals("tar")) {
            String devkit = "ILSVRC2012_devkit_t12/data/";
            folder.copy("meta.mat", devkit + "meta.mat")
                    .text(devkit + "ILSVRC2012_validation_ground_truth.txt", "1\n3\n2\n");
            try (var tar = new TarArchiveOutputStream(Files.newOutputStream(data.resolve("ILSVRC2012_img_val.tar")));
                    var pictures = Files.newDirectoryStream(data.resolve("unpacked"))) {
                for (Path picture : pictures) {
                    tar.putArchiveEntry(new TarArchiveEntry(picture, picture.getFileName().toString()));
                    tar.write(Files.readAllBytes(picture));
                    tar.closeArchiveEntry();
                }
            }
            // So that pictures can come from the archive alone.
            Files.move(data.resolve("unpacked"), data.resolveSibling("elsewhere"));
        } else if (form.equals("kaggle")) {
            folder.text("LOC_synset_mapping.txt", "n01440764 tench\nn02119789 kit fox\nn03255030 dumbbell\n")
                    .text("LOC_val_solution.csv", """
                            ImageId,PredictionString
                            ILSVRC2012_val_00000002,n03255030 1 2 3 4
                            ILSVRC2012_val_00000001,n02119789 1 2 3 4
                            ILSVRC2012_val_00000003,n01440764 1 2 3 4
                            """);
        }
    }

    /** By hand, from the benchmark's order of classes. */
    private static List<Integer> labels(String benchmark) {
        return switch (benchmark) {
            case "food101" -> List.of(76, 76, 0);
            case "cifar10" -> List.of(3, 9);
            case "aircraft" -> List.of(72, 0);
            case "pets", "imagenet-sketch", "cifar100" -> List.of(0, 1);
            case "flowers102" -> List.of(1, 0);
            case "stl10" -> List.of(9, 0);
            case "imagenet" -> List.of(278, 543, 0, 278, 278, 278, 278);
            case "imagenetv2-matched-frequency", "imagenetv2-threshold-0.7", "imagenetv2-top-images" ->
                    List.of(0, 2, 10);
            case "imagenet-a" -> List.of(6, 11);
            case "imagenet-r" -> List.of(1, 2);
            case "mnist", "fashion-mnist" -> List.of(7, 2);
            case "eurosat" -> List.of(1, 9);
            case "clevr" -> List.of(3, 5);
            default -> List.of();
        };
    }

    private static List<String> cifar100() throws IOException {
        return lines("captions.csv").stream().filter(line -> line.startsWith("cifar100,"))
                .map(line -> line.split(",")[2]).toList();
    }

    /** Of a file of the program's. */
    private static List<String> lines(String file) throws IOException {
        try (var in = Benchmarks.class.getResourceAsStream(file)) {
            return new String(in.readAllBytes(), UTF_8).lines().skip(1).toList();
        }
    }

    /** A label, and a picture of one colour. */
    private static byte[] cifar(int label) {
        var cifar = new byte[3073];
        Arrays.fill(cifar, (byte) (20 * label));
        cifar[0] = (byte) label;
        return cifar;
    }

    private static byte[] integers(int... values) {
        var bytes = ByteBuffer.allocate(4 * values.length);
        for (int value : values) {
            bytes.putInt(value);
        }
        return bytes.array();
    }

    private static byte[] concat(byte[]... parts) {
        var all = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            all.writeBytes(part);
        }
        return all.toByteArray();
    }
}
