package org.diffusionclassifier.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import org.apache.spark.ExecutorLostFailure;
import org.apache.spark.scheduler.SparkListenerExecutorExcluded;
import org.apache.spark.scheduler.SparkListenerExecutorExcludedForStage;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.diffusionclassifier.Workers;
import org.diffusionclassifier.device.DeviceException;
import org.diffusionclassifier.result.Attempt;
import org.junit.jupiter.api.Test;
import scala.Option;

/** What the user is told of executors that end with their tasks; {@link SparkRunTest} has one whose device fails. */
class LostExecutorsTest {

    private final LostExecutors executors = new LostExecutors();
    private final List<String> told = new ArrayList<>();

    private void end(String executor, String reason) {
        executors.onTaskEnd(new SparkListenerTaskEnd(0, 0, "ResultTask",
                new ExecutorLostFailure(executor, true, Option.apply(reason)), null, null, null));
    }

    private List<String> tell() {
        told.clear();
        executors.tell(new Workers.Receiver() {

            @Override
            public void finished(String worker, Attempt attempt) {
                throw new AssertionError(worker);
            }

            @Override
            public void lost(String worker, DeviceException failure) {
                told.add(worker + ": " + failure.getMessage());
            }
        });
        return told;
    }

    @Test
    void eachIsNamedOnceInALine() {
        assertEquals(List.of(), tell());
        end("3", "Command exited with code 137\nand more");
        end("3", "Command exited with code 137");
        end("11", null);
        assertEquals(List.of("executor 3: Command exited with code 137", "executor 11: it is gone"), tell());
        end("3", "Command exited with code 137");
        assertEquals(List.of(), tell());
    }

    /** Of one job, or of the application, which Spark reports once several jobs are done without it. */
    @Test
    void thoseWhoseTasksFailAreNamed() {
        executors.onExecutorExcluded(new SparkListenerExecutorExcluded(0, "4", 2));
        executors.onExecutorExcludedForStage(new SparkListenerExecutorExcludedForStage(0, "4", 2, 7, 0));
        executors.onExecutorExcludedForStage(new SparkListenerExecutorExcludedForStage(0, "5", 2, 8, 0));
        assertEquals(List.of("executor 4: its tasks failed", "executor 5: its tasks failed"), tell());
    }
}
