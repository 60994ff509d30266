package org.diffusionclassifier.cli;

import java.nio.file.Path;
import java.util.List;
import org.diffusionclassifier.Evaluation;
import org.diffusionclassifier.dataset.Dataset;
import org.diffusionclassifier.dataset.Range;
import org.diffusionclassifier.dataset.Shard;
import org.diffusionclassifier.tensor.InputException;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Which pictures are evaluated, how their probabilities come about, and what becomes of the results. */
final class EvaluationOptions {

    @Option(names = "--limit", paramLabel = "N",
            description = "N images only, spread over the classes: the first of each, then the second of each, and so "
                    + "on.")
    Integer limit;

    @Option(names = "--limit-per-class", paramLabel = "N", description = "The first N images of each class only.")
    private Integer limitPerClass;

    @Option(names = "--first", paramLabel = "N",
            description = "The dataset's first N images only, whatever their classes.")
    private Integer first;

    @Option(names = "--shard", paramLabel = "I/N", defaultValue = "1/1",
            description = "A share of the images, every N-th of each class, for N machines, each with its own --out.")
    private String shard;

    @Option(names = "--fail-fast",
            description = "Stop at the first picture that cannot be read, rather than go on without it.")
    boolean failFast;

    @Option(names = "--verify",
            description = "Know the pictures and the model by their contents (SHA-256), not by size and time, when a "
                    + "run goes on.")
    boolean verify;

    @Option(names = "--out", required = true, paramLabel = "DIR",
            description = "Gets settings.json, inputs.json, results.jsonl (one line an image) and summary.json.")
    Path out;

    @Option(names = "--record", paramLabel = "FILE",
            description = "With --exhaustive: at the end, every pair's error in one file, for compare and calibrate.")
    Path record;

    @Option(names = "--learn", paramLabel = "N",
            description = "Of a race: spend all trials on the first N images, at least 20, and race on the others by "
                    + "what these taught of how trials covary.")
    private Integer learn;

    @Mixin
    CertaintyOptions certainty;

    @Mixin
    ReportOptions report;

    @Mixin
    PlanOptions plan;

    /**
     * What is to be evaluated.
     *
     * @param classMap as {@link Evaluation#classMap}
     * @param perClass pictures of a class, unless the user limits them in a way of their own; null for all
     */
    Evaluation evaluation(Dataset images, Path classMap, Integer perClass) {
        return evaluation(images, classMap, perClass, out, record);
    }

    /** The same with {@code --out} and {@code --record} at other places than the user says. */
    Evaluation evaluation(Dataset images, Path classMap, Integer perClass, Path out, Path record) {
        Integer ofAClass = limitsImages() ? limitPerClass : perClass;
        return new Evaluation(images, new Range(first, limit, ofAClass, Shard.parse(shard)), classMap, out, record,
                learn, failFast, verify);
    }

    /** Whether the user chose among the pictures. */
    boolean limitsImages() {
        return first != null || limit != null || limitPerClass != null;
    }

    /**
     * Refuses options that are about pictures with classes.
     *
     * @throws InputException if any of them was given
     */
    void requireExamples(String benchmark) {
        if (plan.isWanted()) {
            throw new InputException("--plan: expected a benchmark that is about classes, found " + benchmark);
        }
        if (first != null || limitPerClass != null || record != null || learn != null) {
            throw new InputException("--first, --limit-per-class, --record and --learn: expected none of them, as "
                    + benchmark + " is not about classes");
        }
    }

    /** Those of the examples that the user wants. */
    <T> List<T> examples(List<T> all) {
        return new Range(null, limit, null, Shard.parse(shard)).of(all);
    }

    /** Whether the run is of a share of the pictures. */
    boolean isShard() {
        return !shard.equals("1/1");
    }

    /** @throws InputException for what can be refused before anything is loaded */
    void check() {
        if (record != null) {
            OutputFile.requireWritable("--record", record);
        }
        report.check();
    }
}
