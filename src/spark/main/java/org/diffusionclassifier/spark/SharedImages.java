package org.diffusionclassifier.spark;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.diffusionclassifier.score.PairRange;

/**
 * Images that tasks share, as the driver sees them. A task goes on with an image until it comes to a round that is
 * worth sharing; tasks evaluate ranges of that round; a task goes on, and so forth, each time in a job of Spark's. It
 * begins as many images as slots can be busy with, so that they always are.
 */
final class SharedImages {

    /** Ranges for each slot, of all images in hand: so that slots end a round together. */
    private static final int RANGES_A_SLOT = 4;

    /** Of a range, unless the user says how many ranges there are. */
    private static final int LEAST_BATCHES = 4;

    /** In hand for each slot: the second is there when the first is done. */
    private static final int IMAGES_A_SLOT = 2;

    /** The worker of an image that tasks shared. */
    static final String SEVERAL = "several";

    /** What an image waits for. */
    private static final class Waiting {

        private int ranges;
        private boolean broken;
    }

    private final Jobs jobs;
    private final ImageTask task;
    private final Parts parts;
    private final Integer ranges;
    private final String dataset;
    private final Map<Integer, Waiting> waiting = new HashMap<>();
    private final Deque<Integer> untouched = new ArrayDeque<>();
    private int inHand;
    private int rangesBegun;
    private int rangesDone;

    /** @param ranges of a round; null to choose */
    SharedImages(Jobs jobs, ImageTask task, Parts parts, Integer ranges, String dataset) {
        this.jobs = jobs;
        this.task = task;
        this.parts = parts;
        this.ranges = ranges;
        this.dataset = dataset;
    }

    void run(int[] images, Merge merge) {
        Arrays.stream(images).forEach(untouched::add);
        beginMore();
        while (inHand > 0) {
            TaskReport report = jobs.next();
            if (report instanceof RangeTask.Report range) {
                take(range);
                merge.receiver().underWay(rangesDone + " of " + rangesBegun + " ranges");
            } else {
                take((ImageTask.Report) report, merge);
            }
        }
    }

    private void beginMore() {
        while (!untouched.isEmpty() && inHand < IMAGES_A_SLOT * jobs.slots()) {
            inHand++;
            goOn(untouched.remove(), division());
        }
    }

    private Division division() {
        if (ranges != null) {
            return new Division(ranges, 1);
        }
        int slots = jobs.slots();
        int images = Math.min(slots, inHand + untouched.size());
        return new Division((RANGES_A_SLOT * slots + images - 1) / images, LEAST_BATCHES);
    }

    private void goOn(int image, Division division) {
        jobs.submit("image " + image + " of " + dataset, List.of(new int[] {image}), task.with(division));
    }

    private void take(ImageTask.Report report, Merge merge) {
        int image = report.images()[0];
        if (report.left() == null) {
            inHand--;
            boolean shared = waiting.remove(image) != null;
            merge.take(parts.part(report.images()), report, shared ? SEVERAL : report.executor());
            if (shared) {
                parts.deleteErrors(image);
            }
            beginMore();
            return;
        }
        List<PairRange> ranges = report.left().ranges();
        waiting.computeIfAbsent(image, anew -> new Waiting()).ranges = ranges.size();
        rangesBegun += ranges.size();
        jobs.submit("image " + image + " of " + dataset + ": a round of " + report.left().round().pairs()
                + " pairs", ranges, new RangeTask(task, image, report.left().round()));
    }

    /** Where a range cannot be evaluated, a task does the image by itself, and says what one machine says of it. */
    private void take(RangeTask.Report report) {
        Waiting image = waiting.get(report.image());
        image.broken |= !report.whole();
        image.ranges--;
        rangesDone++;
        if (image.ranges == 0) {
            goOn(report.image(), image.broken ? Division.NONE : division());
        }
    }
}
