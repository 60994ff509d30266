package org.diffusionclassifier.spark;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.spark.SparkEnv;
import org.diffusionclassifier.device.DeviceException;
import org.diffusionclassifier.result.Attempt;
import org.diffusionclassifier.result.FailedImage;
import org.diffusionclassifier.score.PairRange;
import org.diffusionclassifier.score.Round;
import org.diffusionclassifier.strategy.SharedRounds;
import org.diffusionclassifier.tensor.InputException;

/**
 * Opens devices that fail as they are told to. Their images are kept as failed for the card that Spark gave, but for
 * the first, which is that of a {@link RecordedOpener} and has something to note.
 *
 * @param recorded     makes the first image's result
 * @param test         whose it is; its models are counted in this process
 * @param brokenIn     the executor, by number, whose device always fails; null for none
 * @param brokenAt     the image that the device fails at
 * @param times        how often it does
 * @param refused      the image that ends the run
 */
record FailingOpener(RecordedOpener recorded, String test, String brokenIn, int brokenAt, int times, int refused)
        implements Opener {

    static final String NOTE = "this image is noteworthy";
    static final String FAILURE = "a card fell out";

    /** Of one test in this process. */
    record Counts(AtomicInteger opened, AtomicInteger closed, AtomicInteger failed) {

        private static final Map<String, Counts> OF = new ConcurrentHashMap<>();

        static Counts of(String test) {
            return OF.computeIfAbsent(test,
                    anew -> new Counts(new AtomicInteger(), new AtomicInteger(), new AtomicInteger()));
        }
    }

    @Override
    public Opened open(Place place) {
        Opened first = recorded.open(place);
        Counts counts = Counts.of(test);
        counts.opened.incrementAndGet();
        return new Opened() {

            @Override
            public Facts facts() {
                return RecordedOpener.facts();
            }

            @Override
            public Optional<Attempt> attempt(int image, SharedRounds rounds) {
                requireWorking(image);
                if (image == refused) {
                    throw new InputException("image " + image + ": broken");
                }
                Optional<Attempt> played = first.attempt(image, rounds);       // which takes its time
                return played.map(answer -> image == 0 ? Attempt.of(answer.result(), List.of(NOTE))
                        : Attempt.of(new FailedImage(image, "image " + image, 0, "on card " + place.gpu())));
            }

            @Override
            public float[] errors(int image, Round round, PairRange pairs) {
                requireWorking(image);
                return first.errors(image, round, pairs);
            }

            private void requireWorking(int image) {
                if (SparkEnv.get().executorId().equals(brokenIn)
                        || image == brokenAt && counts.failed.incrementAndGet() <= times) {
                    throw new DeviceException(FAILURE);
                }
            }

            @Override
            public void close() {
                counts.closed.incrementAndGet();
            }
        };
    }
}
