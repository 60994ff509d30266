package org.diffusionclassifier.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.diffusionclassifier.Classification;
import org.diffusionclassifier.Classifier;
import org.diffusionclassifier.image.Background;
import org.diffusionclassifier.image.ImageDecoder;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.prompt.PromptSet;
import org.diffusionclassifier.report.Explanation;
import org.diffusionclassifier.report.HeatMapDrawing;
import org.diffusionclassifier.report.html.ClassifyPage;
import org.diffusionclassifier.tensor.InputException;
import picocli.CommandLine.Option;

/** What {@code classify} writes for people to look at: a page of everything, or of where the evidence lies. */
final class ExplainOptions extends ReportOptions {

    @Option(names = "--explain", paramLabel = "FILE",
            description = "Write where in the picture the winner's error is below the runner-up's, and where above: as a "
                    + ".png of one image, or a .html page with error curves. Costs both classes' trials once more, as "
                    + "--report does.")
    private Path explain;

    /** @throws InputException for what can be refused before anything is loaded */
    void check(List<Path> images, PromptSet prompts) {
        check();
        if (explain != null) {
            if (!isPng() && !hasEnding(".html")) {
                throw new InputException("--explain: expected a file named .png or .html, found " + explain);
            }
            if (isPng() && images.size() > 1) {
                throw new InputException("--explain: expected one image for a .png, or a .html, found " + images.size()
                        + " images");
            }
            if (prompts.classCount() < 2) {
                throw new InputException("--explain: expected two classes at least, whose errors to compare, found one");
            }
            if (explain.equals(report)) {
                throw new InputException("--explain: expected another file than --report's, found " + explain + " twice");
            }
            OutputFile.requireWritable("--explain", explain);
        }
    }

    private boolean isPng() {
        return hasEnding(".png");
    }

    private boolean hasEnding(String ending) {
        return explain.toString().toLowerCase(Locale.ROOT).endsWith(ending);
    }

    /** The files while they are being filled. */
    final class Pages {

        private final Classifier classifier;
        private final boolean severalClasses;
        private final ClassifyPage page;
        private final ClassifyPage explanations;

        /** @param top classes shown of each image */
        Pages(Classifier classifier, int top) {
            PromptSet prompts = classifier.prompts();
            this.classifier = classifier;
            this.severalClasses = prompts.classCount() > 1;
            page = report == null ? null : new ClassifyPage(prompts, classifier.timesteps(), top);
            explanations = explain == null || isPng() ? null
                    : ClassifyPage.explanations(prompts, classifier.timesteps());
        }

        /** Adds an image, which is read again if need be; a .png is written at once. */
        void add(Path name, Background background, Classification answer) {
            if (report == null && explain == null) {
                return;
            }
            RgbImage image = ImageDecoder.read(name).on(background);
            Explanation explanation = severalClasses ? classifier.explain(image, answer) : null;
            if (page != null) {
                page.add(name.toString(), image, answer.prediction(), answer.posterior(), explanation);
            }
            if (explanations != null) {
                explanations.add(name.toString(), image, answer.prediction(), answer.posterior(), explanation);
            } else if (explain != null) {
                HeatMapDrawing.write(explain, explanation);
            }
        }

        void write() {
            if (page != null) {
                page.finish(classifier.settings()).write(report);
            }
            if (explanations != null) {
                explanations.finish(classifier.settings()).write(explain);
            }
        }
    }
}
