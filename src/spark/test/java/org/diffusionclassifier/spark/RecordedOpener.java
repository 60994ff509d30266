package org.diffusionclassifier.spark;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.result.Attempt;
import org.diffusionclassifier.result.ErrorRecording;
import org.diffusionclassifier.result.ImageResult;
import org.diffusionclassifier.score.PairRange;
import org.diffusionclassifier.score.RecordedScorer;
import org.diffusionclassifier.score.Round;
import org.diffusionclassifier.strategy.AdaptiveEvaluation;
import org.diffusionclassifier.strategy.Prediction;
import org.diffusionclassifier.strategy.Race;
import org.diffusionclassifier.strategy.SharedRounds;
import org.diffusionclassifier.strategy.Strategy;
import org.diffusionclassifier.strategy.StrategySpec;

/**
 * Plays recorded errors back, as slowly as a device would compute them, so that two cores stand for many machines.
 *
 * @param recording its file
 * @param millis    that an image takes, or a round that tasks share
 * @param asked     the strategy, as {@link StrategySpec#parse} reads it
 */
record RecordedOpener(String recording, long millis, String asked) implements Opener {

    /** By the default race. */
    RecordedOpener(String recording, long millis) {
        this(recording, millis, "race:,paired-t");
    }

    private static final int BATCH = 8;
    private static final RgbImage NOTHING = new RgbImage(1, 1, new byte[3]);

    @Override
    public Opened open(Place place) {
        ErrorRecording recorded = ErrorRecording.read(Path.of(recording));
        Strategy strategy = StrategySpec.parse(asked, Race.MAX_TRIALS).strategy(recorded.drawnFrom(),
                recorded.nTrials(), recorded.classes(), BATCH);
        return new Opened() {

            @Override
            public Facts facts() {
                return RecordedOpener.facts();
            }

            @Override
            public Optional<Attempt> attempt(int image, SharedRounds rounds) {
                long end = System.nanoTime() + millis * 1_000_000;
                var evaluatesHere = new AtomicBoolean();
                Optional<Prediction> found = new AdaptiveEvaluation(scorer(image), strategy,
                        new double[recorded.classes().size()]).classify(NOTHING, new SharedRounds() {

                            @Override
                            public Optional<float[][]> evaluated(Round round) {
                                return rounds.evaluated(round);
                            }

                            @Override
                            public boolean isLeft(Round round) {
                                boolean left = rounds.isLeft(round);
                                evaluatesHere.compareAndSet(false, !left);
                                return left;
                            }
                        });
                if (evaluatesHere.get()) {
                    sleepUntil(end);
                }
                return found.map(prediction -> attempt(image, prediction));
            }

            private Attempt attempt(int image, Prediction found) {
                int which = image % recorded.images().size();
                int winner = recorded.classes().get(found.winner().prompt());
                return Attempt.of(new ImageResult(image, "recorded#" + which, winner, recorded.labels().get(which), 0.5,
                        found.isTie(), found.ranking()), new ArrayList<>());
            }

            @Override
            public float[] errors(int image, Round round, PairRange pairs) {
                long end = System.nanoTime() + millis * 1_000_000 * pairs.pairs() / round.pairs();
                int across = round.prompts().size();
                float[][] all = scorer(image).errors(round);
                var errors = new float[pairs.pairs()];
                for (int i = 0; i < errors.length; i++) {
                    errors[i] = all[(pairs.from() + i) / across][(pairs.from() + i) % across];
                }
                sleepUntil(end);
                return errors;
            }

            private RecordedScorer scorer(int image) {
                return new RecordedScorer(recorded.errors()[image % recorded.images().size()], recorded.trials(),
                        recorded.elements(), recorded.timesteps());
            }

            @Override
            public void close() {
                // nothing is open
            }
        };
    }

    private static void sleepUntil(long end) {
        try {
            Thread.sleep(Math.max(0, (end - System.nanoTime()) / 1_000_000));
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    static Facts facts() {
        return new Facts(new TreeMap<>(Map.of("dataset", "recorded errors", "device", "none")), "none", BATCH,
                new ArrayList<>(List.of()));
    }
}
