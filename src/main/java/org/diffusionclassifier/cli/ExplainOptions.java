package org.diffusionclassifier.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.SortedMap;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.prompt.PromptSet;
import org.diffusionclassifier.report.Explanation;
import org.diffusionclassifier.report.HeatMapDrawing;
import org.diffusionclassifier.report.html.ClassifyPage;
import org.diffusionclassifier.score.Evidence;
import org.diffusionclassifier.strategy.Prediction;
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

        private final Session session;
        private final PromptSet prompts;
        private final ClassifyPage page;
        private final ClassifyPage explanations;

        /** @param top classes shown of each image */
        Pages(Session session, PromptSet prompts, int top) {
            this.session = session;
            this.prompts = prompts;
            int timesteps = session.scorer().timesteps();
            page = report == null ? null : new ClassifyPage(prompts, timesteps, top);
            explanations = explain == null || isPng() ? null : ClassifyPage.explanations(prompts, timesteps);
        }

        /** Adds the image that was classified last; a .png is written at once. */
        void add(Path name, RgbImage image, Prediction prediction) {
            if (report == null && explain == null) {
                return;
            }
            Explanation explanation = prompts.classCount() < 2 ? null : explain(image, prediction);
            if (page != null) {
                page.add(name.toString(), image, prediction, session.posterior(), explanation);
            }
            if (explanations != null) {
                explanations.add(name.toString(), image, prediction, session.posterior(), explanation);
            } else if (explain != null) {
                HeatMapDrawing.write(explain, explanation);
            }
        }

        private Explanation explain(RgbImage image, Prediction prediction) {
            int runnerUp = prompts.classRanks(prediction).stream().skip(1)
                    .filter(rank -> prediction.ranking().get(rank).errors().length > 0).findFirst().orElseThrow();
            var evidence = Evidence.between(prediction.winner(), prediction.ranking().get(runnerUp), session.scorer());
            return new Explanation(session.scorer().seen(image), evidence, className(prediction, 0),
                    className(prediction, runnerUp));
        }

        private String className(Prediction prediction, int rank) {
            return prompts.prompts().get(prediction.ranking().get(rank).prompt()).className();
        }

        /** @param settings what the results depend on, by name */
        void write(SortedMap<String, String> settings) {
            if (page != null) {
                page.finish(settings).write(report);
            }
            if (explanations != null) {
                explanations.finish(settings).write(explain);
            }
        }
    }
}
