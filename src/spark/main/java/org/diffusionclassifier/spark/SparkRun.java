package org.diffusionclassifier.spark;

import java.io.Serializable;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.spark.SimpleFutureAction;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.diffusionclassifier.cli.Cluster;
import org.diffusionclassifier.cli.EvaluateElsewhere;
import org.diffusionclassifier.device.DeviceException;
import org.diffusionclassifier.file.Sha256;
import org.diffusionclassifier.result.Attempt;
import org.diffusionclassifier.tensor.InputException;
import scala.Function2;
import scala.jdk.javaapi.CollectionConverters;
import scala.runtime.BoxedUnit;

/**
 * A run on Spark as the driver sees it. Tasks write {@link Parts}; this class hands their lines on in the order of
 * images. It holds the lines of one part at a time, and of an image that waits for its turn only which part it is in.
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

    private SparkRun(JavaSparkContext context, Opener opener, Opener.Facts facts, Parts parts) {
        this.context = context;
        this.opener = opener;
        this.facts = facts;
        this.parts = parts;
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
            return connect(context, opener, new Opener.Facts(settings, found.inputs(), found.notices()), job.out());
        } catch (RuntimeException e) {
            context.close();
            throw e;
        }
    }

    /** @param out gets the folder of parts */
    static SparkRun connect(JavaSparkContext context, Opener opener, Opener.Facts facts, Path out) {
        var identity = new Sha256();
        facts.settings().forEach((name, value) -> identity.add(name, value));
        identity.add(facts.inputs());
        return new SparkRun(context, opener, facts, Parts.of(out, identity.hex()));
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
            throw failure(context, e);
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
        List<int[]> tasks = tasks(images);
        var pairs = context.sc().longAccumulator("pairs");
        var task = new ImageTask(opener, facts, parts.folder().toString(), pairs);
        context.sc().setJobDescription(images.length + " images of " + facts.settings().get("dataset"));
        JavaRDD<int[]> rdd = context.parallelize(tasks, tasks.size());
        var reports = new LinkedBlockingQueue<ImageTask.Report>();
        SimpleFutureAction<Object> job = context.sc().submitJob(rdd.rdd(), task,
                CollectionConverters.asScala(IntStream.range(0, tasks.size()).boxed().map(i -> (Object) i).toList())
                        .toSeq(),
                (Function2<Object, ImageTask.Report, BoxedUnit>) (partition, report) -> {
                    reports.add(report);
                    return BoxedUnit.UNIT;
                }, () -> null);
        var lost = new LostExecutors();
        context.sc().addSparkListener(lost);
        try {
            for (int done = 0; done < tasks.size(); done++) {
                ImageTask.Report report = next(job, reports, () -> lost.tell(merge.receiver));
                merge.take(parts.part(report.images()), report);
            }
        } finally {
            job.cancel();
            context.sc().removeSparkListener(lost);
        }
    }

    /** A few images each, fewer where there are few for a slot. */
    private List<int[]> tasks(int[] images) {
        int slots = Math.max(1, context.defaultParallelism());
        int each = Math.max(1, Math.min(MOST_IMAGES, images.length / (slots * TASKS_A_SLOT)));
        var tasks = new ArrayList<int[]>();
        for (int from = 0; from < images.length; from += each) {
            tasks.add(Arrays.copyOfRange(images, from, Math.min(images.length, from + each)));
        }
        return tasks;
    }

    private ImageTask.Report next(SimpleFutureAction<Object> job,
            LinkedBlockingQueue<ImageTask.Report> reports, Runnable meanwhile) {
        try {
            while (true) {
                ImageTask.Report report = reports.poll(1, TimeUnit.SECONDS);
                meanwhile.run();
                if (report == null && job.isCompleted() && job.value().get().isFailure()) {
                    report = reports.poll();
                    if (report == null) {
                        throw failure(context, job.value().get().failed().get());
                    }
                }
                if (report != null) {
                    if (report.refusal() != null) {
                        throw new InputException(report.refusal());
                    }
                    return report;
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new DeviceException("the run was interrupted; what is done is kept", e);
        }
    }

    /** Spark's account of a failed job: before the stack's trace it names the task, the executor and what it threw. */
    private static DeviceException failure(JavaSparkContext context, Throwable e) {
        String told = String.valueOf(e.getMessage()).lines().map(String::strip)
                .takeWhile(line -> !line.startsWith("at ")).filter(line -> !line.isEmpty())
                .collect(Collectors.joining(" "));
        return new DeviceException("the cluster at " + context.sc().master() + " gave up: " + told
                + ". What is done is kept", e);
    }

    /** Hands images on in their order, as far as parts are there. */
    private static final class Merge {

        private final int[] images;
        private final Receiver receiver;
        private final Map<Integer, Path> partOf;
        private final Map<Path, String> executorOf = new HashMap<>();
        private final Map<Integer, List<String>> notices = new HashMap<>();
        private int next;
        private Path open;
        private Map<Integer, Attempt> lines = Map.of();

        Merge(int[] images, Receiver receiver, Map<Integer, Path> partOf) {
            this.images = images;
            this.receiver = receiver;
            this.partOf = partOf;
        }

        void take(Path part, ImageTask.Report report) {
            executorOf.put(part, report.executor());
            notices.putAll(report.notices());
            Arrays.stream(report.images()).forEach(image -> partOf.put(image, part));
            advance();
        }

        void advance() {
            for (; next < images.length && partOf.containsKey(images[next]); next++) {
                Path part = partOf.remove(images[next]);
                if (!part.equals(open)) {
                    lines = new LinkedHashMap<>();
                    Parts.read(part).forEach(attempt -> lines.put(attempt.index(), attempt));
                    open = part;
                }
                Attempt line = lines.remove(images[next]);
                List<String> noted = notices.remove(images[next]);
                receiver.finished(executorOf.getOrDefault(part, "earlier"),
                        noted == null ? line : new Attempt(line.result(), noted, line.failure()));
            }
        }
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
