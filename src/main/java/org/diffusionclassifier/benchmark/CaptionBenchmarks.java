package org.diffusionclassifier.benchmark;

import static org.diffusionclassifier.benchmark.Figure.Source.LISTED;
import static org.diffusionclassifier.benchmark.Figure.Source.PAPER;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.diffusionclassifier.dataset.published.CaptionChoice;

/** Benchmarks of captions and expressions rather than classes. */
final class CaptionBenchmarks {

    private static final String REFER_PAGE = "https://github.com/lichengunc/refer";
    private static final int TIMESTEPS = 50;

    /** SugarCrepe's files, each of a kind of wrong captions. */
    private static final List<String> KINDS = List.of("add_att", "add_obj", "replace_att", "replace_obj", "replace_rel",
            "swap_att", "swap_obj");

    private CaptionBenchmarks() {
    }

    static List<Benchmark> all() {
        return List.of(
                new Benchmark("winoground", "Winoground", 400, 0, List.of("test"),
                        new DataLayout("examples.jsonl and its folder images/, or data/test-00000-of-00001.parquet",
                                List.of("examples.jsonl"), List.of("winoground", "data", "winoground/data"), List.of(),
                                "https://huggingface.co/datasets/facebook/winoground", "for research only, on request"),
                        new Task.MatchTask(1000), List.of(new Figure(Benchmarks.SD, "text score", 38.5, null, PAPER))),
                refer("refcoco", "RefCOCO", 10_834, "unc", List.of("val", "testA", "testB"),
                        List.of(listed(23.83, "val"), listed(21.55, "testA"))),
                refer("refcoco+", "RefCOCO+", 10_758, "unc", List.of("val", "testA", "testB"),
                        List.of(listed(24.07, "val"))),
                refer("refcocog", "RefCOCOg", 4896, "umd", List.of("val", "test"), List.of()),
                choose("sugarcrepe", "SugarCrepe", 7511, CaptionBenchmarks::sugarCrepe,
                        new DataLayout("data/add_att.json and six more, or these files themselves, and COCO's "
                                + "pictures in val2017/", List.of("data/add_att.json", "add_att.json"),
                                List.of("sugar-crepe"), List.of(), "https://github.com/RAIVNLab/sugar-crepe",
                                "MIT; pictures: COCO's terms")),
                choose("aro-relation", "ARO, relations", 23_937, root -> aro(root, "relation"), aroLayout("relation")),
                choose("aro-attribution", "ARO, attributes", 28_748, root -> aro(root, "attribution"),
                        aroLayout("attribution")));
    }

    private static Benchmark refer(String name, String title, int sentences, String by, List<String> splits,
            List<Figure> figures) {
        return new Benchmark(name, title, sentences, 0, splits,
                new DataLayout("%s/instances.json and %s/refs(%s).p, and COCO's pictures in train2014/ or "
                        .formatted(name, name, by) + "images/mscoco/images/train2014/", List.of(name),
                        List.of("data", "refer/data"), List.of(), REFER_PAGE, "pictures: COCO's terms"),
                new Task.ReferTask(name, by, TIMESTEPS), figures);
    }

    private static Figure listed(double percent, String split) {
        return new Figure(null, "accuracy", percent, split, LISTED);
    }

    private static Benchmark choose(String name, String title, int choices,
            Function<Path, List<CaptionChoice>> reader, DataLayout layout) {
        return new Benchmark(name, title, choices, 0, List.of("all"), layout, new Task.ChoiceTask(reader, TIMESTEPS),
                List.of());
    }

    private static List<CaptionChoice> sugarCrepe(Path root) {
        Path folder = PublishedPictures.in(root, "data");
        var choices = new ArrayList<CaptionChoice>();
        for (String kind : KINDS) {
            CaptionChoice.sugarCrepe(folder.resolve(kind + ".json"), root.resolve("val2017")).forEach(choice ->
                    choices.add(new CaptionChoice(choice.image(), choice.box(), choice.right(), choice.wrong(), kind)));
        }
        return choices;
    }

    private static DataLayout aroLayout(String kind) {
        return new DataLayout("visual_genome_" + kind + ".json and its folder images/",
                List.of("visual_genome_" + kind + ".json"), List.of("aro"), List.of(),
                "https://github.com/mertyg/vision-language-models-are-bows", "MIT; pictures: Visual Genome's terms");
    }

    private static List<CaptionChoice> aro(Path root, String kind) {
        Path images = root.resolve("images");
        return CaptionChoice.aro(root.resolve("visual_genome_" + kind + ".json"),
                Files.isDirectory(images) ? images : root);
    }
}
