package org.diffusionclassifier.spark;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.result.Attempt;
import org.diffusionclassifier.result.ErrorRecording;
import org.diffusionclassifier.result.ImageResult;
import org.diffusionclassifier.score.RecordedScorer;
import org.diffusionclassifier.strategy.AdaptiveEvaluation;
import org.diffusionclassifier.strategy.Prediction;
import org.diffusionclassifier.strategy.Race;

/**
 * Plays recorded errors back, as slowly as a device would compute them, so that two cores stand for many machines.
 *
 * @param recording its file
 * @param millis    that an image takes
 */
record RecordedOpener(String recording, long millis) implements Opener {

    private static final RgbImage NOTHING = new RgbImage(1, 1, new byte[3]);

    @Override
    public Opened open(Place place) {
        ErrorRecording recorded = ErrorRecording.read(Path.of(recording));
        var race = Race.byDefault().by(Race.PAIRED_T).strategy(recorded.drawnFrom(), recorded.nTrials(),
                recorded.classes(), 8);
        return new Opened() {

            @Override
            public Facts facts() {
                return RecordedOpener.facts();
            }

            @Override
            public Attempt attempt(int image) {
                long end = System.nanoTime() + millis * 1_000_000;
                int which = image % recorded.images().size();
                var scorer = new RecordedScorer(recorded.errors()[which], recorded.trials(), recorded.elements(),
                        recorded.timesteps());
                Prediction found = new AdaptiveEvaluation(scorer, race, new double[recorded.classes().size()])
                        .classify(NOTHING);
                try {
                    Thread.sleep(Math.max(0, (end - System.nanoTime()) / 1_000_000));
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
                int winner = recorded.classes().get(found.winner().prompt());
                return Attempt.of(new ImageResult(image, "recorded#" + which, winner, recorded.labels().get(which), 0.5,
                        found.isTie(), found.ranking()), new ArrayList<>());
            }

            @Override
            public void close() {
                // nothing is open
            }
        };
    }

    static Facts facts() {
        return new Facts(new TreeMap<>(Map.of("dataset", "recorded errors", "device", "none")), "none",
                new ArrayList<>(List.of()));
    }
}
