package org.diffusionclassifier;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.diffusionclassifier.dataset.Datasets;
import org.diffusionclassifier.dataset.Range;
import org.diffusionclassifier.model.BundledModel;
import org.diffusionclassifier.result.Attempt;
import org.diffusionclassifier.score.PairRange;
import org.diffusionclassifier.score.Round;
import org.diffusionclassifier.strategy.Race;
import org.diffusionclassifier.strategy.SharedRounds;
import org.diffusionclassifier.strategy.Staged;
import org.diffusionclassifier.strategy.StrategySpec;
import org.diffusionclassifier.tensor.InputException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * An image that workers share by ranges of its rounds: the line of results that one worker writes, byte for byte. Each
 * worker is a model of one thread that has seen nothing else.
 */
@Timeout(300)
class SharedImageTest {

    private static final int BATCH = 8;

    @TempDir
    private Path folder;
    private BundledModel bundled;
    private final List<AutoCloseable> open = new ArrayList<>();

    @BeforeEach
    void begin() {
        bundled = BundledModel.open();
        open.add(bundled);
    }

    @AfterEach
    void close() throws Exception {
        for (int i = open.size() - 1; i >= 0; i--) {
            open.get(i).close();
        }
    }

    private Classifier worker(StrategySpec strategy) {
        var model = DiffusionModel.builder().device("cpu:1x1").dtype("f32").batchSize(BATCH).load();
        open.add(model);
        return model.classifier().strategy(strategy);
    }

    private Evaluation evaluation(Path labels, boolean failFast) {
        return new Evaluation(Datasets.csv(labels), Range.ALL, null, folder.resolve("run"), null, null, failFast, false);
    }

    /** What workers have told each other. */
    private static final class Rounds implements SharedRounds {

        private final Map<Round, float[][]> evaluated = new HashMap<>();
        private Round left;

        @Override
        public Optional<float[][]> evaluated(Round round) {
            return Optional.ofNullable(evaluated.get(round));
        }

        @Override
        public boolean isLeft(Round round) {
            left = round;
            return round.pairs() > BATCH;
        }
    }

    /** Another worker at every turn; each range of a round is another's, too. @return rounds that were divided */
    private int shareTo(Attempt expected, StrategySpec strategy, Evaluation evaluation, int ranges) {
        var rounds = new Rounds();
        Optional<Attempt> attempt = evaluation.attempt(worker(strategy), 0, rounds);
        while (attempt.isEmpty()) {
            int across = rounds.left.prompts().size();
            var errors = new float[rounds.left.trials().size()][across];
            for (PairRange range : new PairRange(0, rounds.left.pairs()).divided(BATCH, ranges)) {
                float[] some = evaluation.errors(worker(strategy), 0, rounds.left, range);
                for (int pair = range.from(); pair < range.to(); pair++) {
                    errors[pair / across][pair % across] = some[pair - range.from()];
                }
            }
            rounds.evaluated.put(rounds.left, errors);
            attempt = evaluation.attempt(worker(strategy), 0, rounds);
        }
        assertArrayEquals(expected.line(), attempt.get().line());
        return rounds.evaluated.size();
    }

    /** Of ten classes in batches of 8, so that trials are cut; later rounds are by workers that saw no first one. */
    @Test
    void theBytesOfOneWorker() {
        Evaluation evaluation = evaluation(bundled.images().resolve("labels.csv"), false);
        Map<StrategySpec, Integer> divided = Map.of(Staged.exhaustive(13), 1,
                new Staged(List.of(2, 9, 20), List.of(5, 3, 1)), 3, Race.byDefault().by(Race.PAIRED_T), 1);
        divided.forEach((strategy, atLeast) -> {
            Attempt expected = evaluation.attempt(worker(strategy), 0);
            assertTrue(shareTo(expected, strategy, evaluation, 3) >= atLeast, strategy.toString());
        });
        assertEquals(BATCH, worker(Race.byDefault()).pairsABatch());
    }

    @Test
    void aBrokenPictureIsKeptAsOneWorkerKeepsIt() throws Exception {
        Files.writeString(folder.resolve("broken.png"), "no picture");
        Path labels = Files.writeString(folder.resolve("labels.csv"), "path,classname\nbroken.png,coat\n",
                StandardCharsets.UTF_8);
        Classifier worker = worker(Staged.exhaustive(2));
        Evaluation evaluation = evaluation(labels, false);
        assertArrayEquals(evaluation.attempt(worker, 0).line(),
                evaluation.attempt(worker, 0, new Rounds()).orElseThrow().line());
        assertThrows(InputException.class, () -> evaluation(labels, true).attempt(worker, 0, new Rounds()));
    }

    /** Batches are cut where one worker cuts them, or not at all. */
    @Test
    void rangesBeginAtBatches() {
        Evaluation evaluation = evaluation(bundled.images().resolve("labels.csv"), false);
        Classifier worker = worker(Staged.exhaustive(2));
        var rounds = new Rounds();
        assertTrue(evaluation.attempt(worker, 0, rounds).isEmpty());
        for (PairRange wrong : List.of(new PairRange(4, 16), new PairRange(8, 12), new PairRange(16, 24))) {
            assertThrows(IllegalArgumentException.class, () -> evaluation.errors(worker, 0, rounds.left, wrong));
        }
        assertEquals(4, evaluation.errors(worker, 0, rounds.left, new PairRange(16, 20)).length);
    }
}
