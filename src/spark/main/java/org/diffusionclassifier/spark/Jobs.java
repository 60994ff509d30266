package org.diffusionclassifier.spark;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.spark.SimpleFutureAction;
import org.apache.spark.api.java.JavaSparkContext;
import org.diffusionclassifier.Workers;
import org.diffusionclassifier.device.DeviceException;
import org.diffusionclassifier.tensor.InputException;
import scala.Function1;
import scala.Function2;
import scala.collection.Iterator;
import scala.jdk.javaapi.CollectionConverters;
import scala.runtime.BoxedUnit;

/**
 * Spark's jobs of a run, several at once, and what their tasks report, whichever is first. Spark gives free slots to
 * the job that was submitted first. For one thread.
 */
final class Jobs implements AutoCloseable {

    private final JavaSparkContext context;
    private final Workers.Receiver receiver;
    private final LostExecutors lost = new LostExecutors();
    private final LinkedBlockingQueue<TaskReport> reports = new LinkedBlockingQueue<>();
    private final List<SimpleFutureAction<Object>> running = new ArrayList<>();
    private Throwable failed;

    /** @param receiver learns of executors that are lost */
    Jobs(JavaSparkContext context, Workers.Receiver receiver) {
        this.context = context;
        this.receiver = receiver;
        context.sc().addSparkListener(lost);
    }

    /** How many tasks run at once, on the executors that are there now; at least 1. */
    static int slots(JavaSparkContext context) {
        return Math.max(1, context.sc().maxNumConcurrentTasks(
                context.sc().resourceProfileManager().defaultResourceProfile()));
    }

    int slots() {
        return slots(context);
    }

    /**
     * Begins a job, unless another has failed.
     *
     * @param description for Spark's own page
     * @param work        of a task each
     */
    <T, R extends TaskReport> void submit(String description, List<T> work, Function1<Iterator<T>, R> task) {
        if (failed != null) {
            return;
        }
        context.sc().setJobDescription(description);
        running.add(context.sc().submitJob(context.parallelize(work, work.size()).rdd(), task,
                CollectionConverters.asScala(IntStream.range(0, work.size()).boxed().map(i -> (Object) i).toList())
                        .toSeq(),
                (Function2<Object, R, BoxedUnit>) (partition, report) -> {
                    reports.add(report);
                    return BoxedUnit.UNIT;
                }, () -> null));
    }

    /**
     * Waits for the next report.
     *
     * @throws InputException  if a task says that the run has to end
     * @throws DeviceException if a job has failed, once no report is left; what tasks wrote is kept
     */
    TaskReport next() {
        try {
            TaskReport report = null;
            while (report == null) {
                report = reports.poll(failed == null ? 1 : 0, TimeUnit.SECONDS);
                lost.tell(receiver);
                if (report == null && failed != null) {
                    throw failure(context, failed);
                }
                findFailed();
            }
            if (report.refusal() != null) {
                throw new InputException(report.refusal());
            }
            return report;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new DeviceException("the run was interrupted; what is done is kept", e);
        }
    }

    private void findFailed() {
        for (SimpleFutureAction<Object> job : List.copyOf(running)) {
            if (job.isCompleted()) {
                running.remove(job);
                if (failed == null && job.value().get().isFailure()) {
                    failed = job.value().get().failed().get();
                }
            }
        }
    }

    /** Spark's account of a failed job: before the stack's trace it names the task, the executor and what it threw. */
    static DeviceException failure(JavaSparkContext context, Throwable e) {
        String told = String.valueOf(e.getMessage()).lines().map(String::strip)
                .takeWhile(line -> !line.startsWith("at ")).filter(line -> !line.isEmpty())
                .collect(Collectors.joining(" "));
        return new DeviceException("the cluster at " + context.sc().master() + " gave up: " + told
                + ". What is done is kept", e);
    }

    /** Ends those that are still running. */
    @Override
    public void close() {
        running.forEach(SimpleFutureAction::cancel);
        context.sc().removeSparkListener(lost);
    }
}
