package org.diffusionclassifier.spark;

import java.io.Serializable;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.apache.spark.api.java.JavaSparkContext;
import org.diffusionclassifier.cli.Cluster;
import org.diffusionclassifier.cli.EvaluateElsewhere;
import org.diffusionclassifier.file.Sha256;
import org.diffusionclassifier.tensor.InputException;

/**
 * A run on Spark as the driver sees it. Tasks write {@link Parts}, whose lines {@link Merge} hands on in the order of
 * images. Where images are few, or large, tasks share them: see {@link SharedImages}.
 */
final class SparkRun implements Cluster.Session {

    /** Tasks for each slot, so that the last ones to end are a small share of the run. */
    private static final int TASKS_A_SLOT = 16;

    /** Images of a task at the most: what is lost with an executor. */
    private static final int MOST_IMAGES = 16;

    private final JavaSparkContext context;
    private final Opener opener;
    private final Opener.Facts facts;
    private final Parts parts;
    private final Integer ranges;

    private SparkRun(JavaSparkContext context, Opener opener, Opener.Facts facts, Parts parts, Integer ranges) {
        this.context = context;
        this.opener = opener;
        this.facts = facts;
        this.parts = parts;
        this.ranges = ranges;
    }

    /**
     * Opens the model in an executor, to learn what results depend on.
     *
     * @param context closed with the session
     * @throws InputException if the executor's model is not the driver's, or refuses the job
     */
    static SparkRun connect(JavaSparkContext context, Opener opener, Cluster.Job job) {
        try {
            Opener.Facts found = probe(context, opener);
            if (!found.inputs().equals(job.classifier().inputsSha256())) {
                throw InputException.of("%s: expected files of the same content on all machines, found others",
                        InputException.field("model"));
            }
            var settings = new TreeMap<>(found.settings());
            settings.putAll(job.evaluation().named(job.classifier()));
            return connect(context, opener, new Opener.Facts(settings, found.inputs(), found.batchSize(),
                    found.notices()), job.out(), job.ranges());
        } catch (RuntimeException e) {
            context.close();
            throw e;
        }
    }

    /**
     * @param out    gets the folder of parts
     * @param ranges as {@link Cluster.Job#ranges}
     */
    static SparkRun connect(JavaSparkContext context, Opener opener, Opener.Facts facts, Path out, Integer ranges) {
        var identity = new Sha256();
        facts.settings().forEach((name, value) -> identity.add(name, value));
        identity.add(facts.inputs());
        return new SparkRun(context, opener, facts, Parts.of(out, identity.hex()), ranges);
    }

    /** What an executor found, or why it refuses. */
    private record Probed(Opener.Facts facts, String refusal) implements Serializable {
    }

    private static Opener.Facts probe(JavaSparkContext context, Opener opener) {
        context.sc().setJobDescription("opening the model");
        Probed probed;
        try {
            probed = context.parallelize(List.of(opener), 1).map(SparkRun::probed).first();
        } catch (Exception e) {     // Spark throws what is checked, too
            throw Jobs.failure(context, e);
        }
        if (probed.refusal != null) {
            throw new InputException(probed.refusal);
        }
        return probed.facts;
    }

    private static Probed probed(Opener opener) {
        Place place = Place.here();
        try {
            return new Probed(ExecutorModels.with(opener, place, Opener.Opened::facts), null);
        } catch (InputException e) {
            return new Probed(null, EvaluateElsewhere.message(e) + ", on " + place.executor());
        }
    }

    @Override
    public SortedMap<String, String> settings() {
        return new TreeMap<>(facts.settings());
    }

    @Override
    public List<String> notices() {
        return facts.notices();
    }

    @Override
    public String description() {
        return facts.settings().get("device") + ", by Spark at " + context.sc().master();
    }

    @Override
    public Set<Integer> begun() {
        var begun = new HashSet<>(parts.shared());
        begun.addAll(earlier().keySet());
        return begun;
    }

    @Override
    public void classify(int[] images, Receiver receiver) {
        Map<Integer, Path> partOf = earlier();
        int[] left = Arrays.stream(images).filter(image -> !partOf.containsKey(image)).toArray();
        var merge = new Merge(images, receiver, partOf);
        merge.advance();
        if (left.length > 0) {
            run(left, merge);
        }
    }

    /** Which part of an interrupted run has an image's result. */
    private Map<Integer, Path> earlier() {
        var partOf = new HashMap<Integer, Path>();
        for (Path part : parts.existing()) {
            Parts.read(part).stream().filter(attempt -> attempt.failure() == null)
                    .forEach(attempt -> partOf.put(attempt.index(), part));
        }
        return partOf;
    }

    private void run(int[] images, Merge merge) {
        var task = new ImageTask(opener, facts, parts.folder().toString(), context.sc().longAccumulator("pairs"),
                Division.NONE);
        String dataset = facts.settings().get("dataset");
        try (var jobs = new Jobs(context, merge.receiver())) {
            if (ranges == null ? isShared(images.length) : ranges > 1) {
                new SharedImages(jobs, task, parts, ranges, dataset).run(images, merge);
                return;
            }
            List<int[]> tasks = tasks(images);
            jobs.submit(images.length + " images of " + dataset, tasks, task);
            for (int done = 0; done < tasks.size(); done++) {
                var report = (ImageTask.Report) jobs.next();
                merge.take(parts.part(report.images()), report, report.executor());
            }
        }
    }

    /** Whether there are too few images to keep all slots at work by themselves. */
    private boolean isShared(int images) {
        int slots = Jobs.slots(context);
        return slots > 1 && images < slots * TASKS_A_SLOT;
    }

    /** A few images each, fewer where there are few for a slot. */
    private List<int[]> tasks(int[] images) {
        int slots = Jobs.slots(context);
        int each = Math.max(1, Math.min(MOST_IMAGES, images.length / (slots * TASKS_A_SLOT)));
        var tasks = new ArrayList<int[]>();
        for (int from = 0; from < images.length; from += each) {
            tasks.add(Arrays.copyOfRange(images, from, Math.min(images.length, from + each)));
        }
        return tasks;
    }

    @Override
    public void finished() {
        parts.delete();
    }

    @Override
    public void close() {
        context.close();
    }
}
