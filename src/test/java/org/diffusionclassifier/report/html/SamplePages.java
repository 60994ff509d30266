package org.diffusionclassifier.report.html;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.diffusionclassifier.benchmark.BenchmarkResult;
import org.diffusionclassifier.benchmark.Benchmarks;
import org.diffusionclassifier.dataset.Dataset;
import org.diffusionclassifier.dataset.MatchingExample;
import org.diffusionclassifier.dataset.ReferringExample;
import org.diffusionclassifier.image.Box;
import org.diffusionclassifier.image.ImageDecoder;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.prompt.Prompt;
import org.diffusionclassifier.prompt.PromptSet;
import org.diffusionclassifier.report.Explanation;
import org.diffusionclassifier.result.BoxErrors;
import org.diffusionclassifier.result.CaptionErrors;
import org.diffusionclassifier.result.ClassMean;
import org.diffusionclassifier.result.MatchedExample;
import org.diffusionclassifier.result.MatchingSummary;
import org.diffusionclassifier.result.FailedImage;
import org.diffusionclassifier.result.Outcome;
import org.diffusionclassifier.result.Proportion;
import org.diffusionclassifier.result.ReferredExample;
import org.diffusionclassifier.result.ReferringSummary;
import org.diffusionclassifier.result.Summary;
import org.diffusionclassifier.score.Evidence;
import org.diffusionclassifier.score.PromptErrors;
import org.diffusionclassifier.strategy.Posterior;
import org.diffusionclassifier.strategy.Prediction;
import org.diffusionclassifier.strategy.TrialPlan;

/** A page of each kind, of made-up results, with names that mean harm and pictures of awkward shapes. */
final class SamplePages {

    /** Would be seen as an element, an attribute's end, a format, and a word that no line holds. */
    static final String HOSTILE = "</title><script>alert(1)</script><img src=x onerror=alert(2)>\" onload=\"x\" & 100%s '";
    static final String LONG = "Donaudampfschifffahrtsgesellschaftskapitänsmützenständer".repeat(2);

    static final SortedMap<String, String> SETTINGS = new TreeMap<>(Map.of("model", "/models/" + HOSTILE, "loss", "l2",
            "device", LONG));

    private static final Path MATCHING = Path.of("test/resources/referring");

    private SamplePages() {
    }

    /** By name. */
    static Map<String, Page> all() {
        var pages = new LinkedHashMap<String, Page>();
        pages.put("classify", classify(List.of(HOSTILE, "a cat", LONG, "🚋 tram", "", "dog", "fox", "owl", "elk", "ape",
                "bee")));
        pages.put("explain", explain());
        pages.put("one class", classify(List.of("cat")));
        pages.put("match", match());
        pages.put("matrix", matrix());
        pages.put("refer", ReferPage.boxes(noise(300, 200), referred(null), SETTINGS));
        pages.put("references", references());
        pages.put("evaluate", evaluate(10));
        pages.put("evaluate 1000", evaluate(1000));
        pages.put("benchmarks", benchmarks());
        return pages;
    }

    private static Page classify(List<String> classes) {
        var page = new ClassifyPage(prompts(classes), 1000, 10);
        for (int[] size : new int[][] {{28, 28}, {1, 1}, {4000, 300}, {3, 900}}) {
            add(page, HOSTILE + " " + size[0] + "×" + size[1], noise(size[0], size[1]), classes.size(), 50);
        }
        add(page, "a single trial", noise(64, 64), classes.size(), 1);
        return page.finish(SETTINGS);
    }

    private static Page explain() {
        var page = ClassifyPage.explanations(prompts(List.of("cat", HOSTILE, "dog")), 1000);
        add(page, "cat.jpg", noise(512, 512), 3, 250);
        return page.finish(SETTINGS);
    }

    private static void add(ClassifyPage page, String name, RgbImage image, int prompts, int trials) {
        var evidence = new Evidence(trials, 16, new Random(trials).doubles(256, -1e-3, 1e-3).toArray());
        page.add(name, image, prediction(prompts, trials), Posterior.uniform(1024, 3, prompts),
                prompts == 1 ? null : new Explanation(noise(32, 32), evidence, HOSTILE, LONG));
    }

    private static PromptSet prompts(List<String> classes) {
        return new PromptSet(IntStream.range(0, classes.size())
                .mapToObj(i -> new Prompt("a photo of a " + classes.get(i), classes.get(i), i)).toList());
    }

    /** The winner first; the later half of the prompts has seen a fifth of the trials, the last of many none. */
    private static Prediction prediction(int prompts, int trials) {
        var random = new Random(prompts);
        var ranking = new ArrayList<PromptErrors>();
        for (int prompt = 0; prompt < prompts; prompt++) {
            int seen = prompt <= prompts / 2 ? trials : prompt == prompts - 1 ? 0 : Math.max(1, trials / 5);
            var errors = new float[seen];
            for (int i = 0; i < seen; i++) {
                errors[i] = (float) (0.05 + 1e-3 * prompt + 2e-3 * random.nextGaussian());
            }
            var plan = TrialPlan.of(1000, List.of(trials), 1).stages().get(0);
            ranking.add(new PromptErrors(prompt, plan.subList(0, seen), errors));
        }
        return new Prediction(ranking, 1);
    }

    private static Page match() {
        var examples = List.of(
                new MatchingExample(List.of(picture(0), picture(1)), List.of(HOSTILE, LONG), "left-right"),
                new MatchingExample(List.of(picture(2), picture(3)), List.of("a cat", "a dog"), HOSTILE),
                new MatchingExample(List.of(picture(4), picture(5)), List.of("a fox", "an owl"), null));
        var page = new MatchPage();
        var matched = new ArrayList<MatchedExample>();
        for (MatchingExample example : examples) {
            matched.add(MatchedExample.of(example, List.of(
                    new CaptionErrors("", example.captions(), new double[] {0.1, 0.2}, 0.3),
                    new CaptionErrors("", example.captions(), new double[] {0.35, 0.3}, 0.4))));
            page.add(example.images().stream().map(ImageDecoder::read).toList(), matched.get(matched.size() - 1));
        }
        return page.examples(MatchingSummary.of(matched, List.of(HOSTILE), SETTINGS));
    }

    private static Page matrix() {
        var captions = List.of("a cat", HOSTILE, LONG, "a dog", "a fox", "an owl", "an elk");
        var errors = List.of(
                new CaptionErrors(picture(0).toString(), captions, new double[] {0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7}, 0.3),
                new CaptionErrors(picture(1).toString(), captions, new double[] {0.2, 0.2, 0.3, 0.4, 0.5, 0.6, 0.1}, 0.4));
        var page = new MatchPage();
        errors.forEach(row -> page.add(ImageDecoder.read(Path.of(row.image())), row));
        return page.matrix(errors, SETTINGS);
    }

    private static Page references() {
        var asked = List.of(new ReferringExample("", picture(0), boxes(), HOSTILE, boxes().get(0)),
                new ReferringExample("", picture(1), boxes(), LONG, boxes().get(1)));
        var page = new ReferPage();
        asked.forEach(example -> page.add(ImageDecoder.read(example.image()), referred(example)));
        return page.examples(ReferringSummary.of(asked, asked.stream().map(SamplePages::referred).toList(),
                List.of(LONG), SETTINGS));
    }

    private static Page benchmarks() {
        return BenchmarksPage.of(Benchmarks.all(), List.of(
                new BenchmarkResult("pets", "test", false, "top-1", Proportion.of(3204, 3669),
                        new ClassMean(0.87, 0.86, 0.88), 2050, List.of(), SETTINGS),
                new BenchmarkResult("refcoco", "testA", false, "accuracy", Proportion.of(1, 2), null, 400,
                        List.of(HOSTILE, LONG), SETTINGS)));
    }

    /** Of some thousand images, a tenth of them wrong, and no two with as many pairs. */
    private static Page evaluate(int classes) {
        var names = new TreeMap<Integer, String>();
        IntStream.range(0, classes).forEach(i -> names.put(i, i == 0 ? HOSTILE : i == 1 ? LONG : "class " + i));
        var outcomes = IntStream.range(0, 10_000).mapToObj(i -> new Outcome(i, i % classes,
                i % 10 == 3 ? i * 7 % classes : i % classes, 100 + i, (i % 97 + 1) / 97.0, i % 50 == 0)).toList();
        var failures = List.of(new FailedImage(10_000, HOSTILE, 0, HOSTILE), new FailedImage(10_001, LONG, 1, LONG));
        return EvaluatePage.of(Summary.of(outcomes, failures.size(), names, SETTINGS), outcomes, failures, names,
                new NoiseDataset());
    }

    /** Photographs of nothing. */
    private static final class NoiseDataset implements Dataset {

        @Override
        public int size() {
            return 10_000;
        }

        @Override
        public String name(int index) {
            return HOSTILE + "#" + index;
        }

        @Override
        public int label(int index) {
            return 0;
        }

        @Override
        public Path file(int index) {
            return Path.of("noise");
        }

        @Override
        public RgbImage image(int index) {
            return noise(index % 2 == 0 ? 28 : 640, 480);
        }

        @Override
        public List<String> classNames() {
            return List.of();
        }

        @Override
        public String description() {
            return LONG;
        }
    }

    /** @param asked null for an expression of which it is not known what it refers to */
    private static ReferredExample referred(ReferringExample asked) {
        var errors = List.of(errors(0, 0.1, 0.2), errors(1, 0.3, 0.2));
        return asked == null ? ReferredExample.of(HOSTILE, LONG, boxes(), errors) : ReferredExample.of(asked, errors);
    }

    private static BoxErrors errors(int box, double crop, double mask) {
        return BoxErrors.of(boxes().get(box), new CaptionErrors("", List.of(""), new double[] {crop}, 0.15),
                new CaptionErrors("", List.of(""), new double[] {mask}, 0.15));
    }

    private static List<Box> boxes() {
        return List.of(new Box(3, 2, 28, 28), new Box(2, 36, 28, 28));
    }

    private static Path picture(int index) {
        return MATCHING.resolve("%02d.png".formatted(index));
    }

    private static RgbImage noise(int width, int height) {
        var pixels = new byte[3 * width * height];
        new Random(width).nextBytes(pixels);
        return new RgbImage(width, height, pixels);
    }
}
