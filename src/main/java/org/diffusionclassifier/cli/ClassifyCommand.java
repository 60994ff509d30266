package org.diffusionclassifier.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.diffusionclassifier.file.JsonFile;
import org.diffusionclassifier.image.ImageDecoder;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.model.BundledModel;
import org.diffusionclassifier.prompt.PromptSet;
import org.diffusionclassifier.report.RankingText;
import org.diffusionclassifier.result.ClassifiedImage;
import org.diffusionclassifier.strategy.Prediction;
import org.diffusionclassifier.tensor.InputException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code classify}: images in, ranked classes out. */
@Command(name = "classify", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Ranks classes for each image.")
final class ClassifyCommand implements Callable<Integer> {

    @ParentCommand
    private Main main;

    @Spec
    private CommandSpec spec;

    @Parameters(arity = "1..*", paramLabel = "IMAGE", description = "PNG, JPEG, WebP, GIF, BMP or TIFF.")
    private List<Path> images;

    @Mixin
    private ModelOptions model;

    @Mixin
    private PromptOptions promptOptions;

    @Mixin
    private TrialOptions trials;

    @Mixin
    private CertaintyOptions certainty;

    @Option(names = "--top", paramLabel = "N", defaultValue = "10",
            description = "Classes shown. Default: ${DEFAULT-VALUE}.")
    private int top;

    @Option(names = "--json", paramLabel = "FILE", description = "Write every pair's error there, too.")
    private Path json;

    @Mixin
    private ExplainOptions explain;

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        try (var bundled = BundledModel.open(); var opened = model.open(bundled)) {
            PromptSet prompts = opened.prompts(promptOptions, bundled, List.of());
            trials.check(prompts);
            certainty.check(prompts);
            if (top < 1) {
                throw new InputException("--top: expected at least 1, found " + top);
            }
            explain.check(images, prompts);
            images.forEach(ImageDecoder::read);     // refuses a bad one before hours are spent on the others
            if (json != null) {
                OutputFile.requireWritable("--json", json);
            }
            var ranking = new RankingText(prompts, top);
            var results = new ArrayList<ClassifiedImage>();
            PrintWriter log = main.verbose ? spec.commandLine().getErr() : null;
            try (var session = new Session(opened, trials, certainty, prompts, log)) {
                var pages = explain.new Pages(session, prompts, top);
                for (Path image : images) {
                    RgbImage picture = ImageDecoder.read(image);
                    long start = System.nanoTime();
                    Prediction prediction = session.classify(picture);
                    double seconds = (System.nanoTime() - start) * 1e-9;
                    out.printf("%s: %s%n%s", image, ranking.winner(prediction),
                            ranking.render(prediction, session.posterior()));
                    String lead = ranking.lead(prediction);
                    out.printf(Locale.ROOT, "      %s%d pairs in %.1f s, %.0f pairs/s%n%n", lead.isEmpty() ? "" : lead + "; ",
                            prediction.pairs(), seconds, prediction.pairs() / seconds);
                    out.flush();
                    results.add(ClassifiedImage.of(image.toString(), prediction, session.posterior(), prompts));
                    pages.add(image, picture, prediction);
                }
                pages.write(settings(session, prompts));
            }
            if (json != null) {
                JsonFile.write(json, results);
            }
            return 0;
        }
    }

    /** Everything that the errors depend on. */
    private SortedMap<String, String> settings(Session session, PromptSet prompts) {
        var settings = new TreeMap<String, String>();
        model.describe(settings);
        settings.put("device", session.device().description());
        trials.describe(settings, prompts.prompts().size(), session.pairsAhead());
        certainty.describe(settings);
        return settings;
    }
}
