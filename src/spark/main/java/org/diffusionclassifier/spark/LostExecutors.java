package org.diffusionclassifier.spark;

import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.apache.spark.ExceptionFailure;
import org.apache.spark.ExecutorLostFailure;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerExecutorExcluded;
import org.apache.spark.scheduler.SparkListenerExecutorExcludedForStage;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.diffusionclassifier.Workers;
import org.diffusionclassifier.device.DeviceException;

/** Executors that a run goes on without, so that its user learns of each in a line. Spark reports by its own thread. */
final class LostExecutors extends SparkListener {

    private record Lost(String executor, String reason) {
    }

    private final Map<String, String> failures = new ConcurrentHashMap<>();
    private final Set<String> found = ConcurrentHashMap.newKeySet();
    private final Queue<Lost> untold = new ConcurrentLinkedQueue<>();

    /** An executor may also end with its tasks. Those that Spark ends when they have none are not lost. */
    @Override
    public void onTaskEnd(SparkListenerTaskEnd task) {
        if (task.reason() instanceof ExceptionFailure failure) {
            failures.put(task.taskInfo().executorId(), failure.description());
        } else if (task.reason() instanceof ExecutorLostFailure lost) {
            add(lost.execId(), lost.reason().isEmpty() ? "it is gone" : lost.reason().get());
        }
    }

    /** Its tasks have failed too often. */
    @Override
    public void onExecutorExcludedForStage(SparkListenerExecutorExcludedForStage excluded) {
        add(excluded.executorId(), failures.getOrDefault(excluded.executorId(), "its tasks failed"));
    }

    /** Its tasks have failed too often in several jobs. */
    @Override
    public void onExecutorExcluded(SparkListenerExecutorExcluded excluded) {
        add(excluded.executorId(), failures.getOrDefault(excluded.executorId(), "its tasks failed"));
    }

    private void add(String executor, String reason) {
        if (found.add(executor)) {
            untold.add(new Lost(executor, reason.lines().findFirst().orElse("")));
        }
    }

    /** Those since the last call. */
    void tell(Workers.Receiver receiver) {
        for (Lost lost = untold.poll(); lost != null; lost = untold.poll()) {
            receiver.lost("executor " + lost.executor, new DeviceException(lost.reason));
        }
    }
}
