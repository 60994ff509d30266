package org.diffusionclassifier.spark;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.spark.SparkFiles;
import org.diffusionclassifier.cli.EvaluateElsewhere;
import org.diffusionclassifier.result.Attempt;
import org.diffusionclassifier.score.PairRange;
import org.diffusionclassifier.score.Round;
import org.diffusionclassifier.strategy.SharedRounds;

/**
 * Opens what a command line of {@code evaluate} asks for.
 *
 * @param words its words
 * @param base  what relative paths are relative to
 */
record CommandLineOpener(List<String> words, String base) implements Opener {

    @Override
    public Opened open(Place place) {
        var opened = EvaluateElsewhere.open(new ArrayList<>(words), Path.of(base), place::device, this::model);
        var facts = new Facts(new TreeMap<>(opened.evaluation().settings(opened.classifier())),
                opened.classifier().inputsSha256(), opened.classifier().pairsABatch(),
                new ArrayList<>(opened.classifier().notices()));
        return new Opened() {

            @Override
            public Facts facts() {
                return facts;
            }

            @Override
            public Optional<Attempt> attempt(int image, SharedRounds rounds) {
                return opened.evaluation().attempt(opened.classifier(), image, rounds);
            }

            @Override
            public float[] errors(int image, Round round, PairRange pairs) {
                return opened.evaluation().errors(opened.classifier(), image, round, pairs);
            }

            @Override
            public void close() {
                opened.close();
            }
        };
    }

    /** A model that is not where the user says it is may have come with the application, by {@code --files}. */
    private String model(String named) {
        if (named == null || Files.exists(Path.of(base).resolve(named))) {
            return named;
        }
        Path shipped = Path.of(SparkFiles.get(Path.of(named).getFileName().toString()));
        return Files.exists(shipped) ? shipped.toString() : named;
    }
}
