package org.diffusionclassifier.spark;

import java.io.Serializable;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;
import org.diffusionclassifier.DeviceName;
import org.diffusionclassifier.DeviceName.Kind;

/**
 * What Spark gives a task to work with.
 *
 * @param executor its host and number, for people
 * @param cpus     cores, at least 1
 * @param gpu      the address of a card; null without
 */
record Place(String executor, int cpus, String gpu) implements Serializable {

    /** Of the task that this thread runs. */
    static Place here() {
        TaskContext task = TaskContext.get();
        var gpus = task.resourcesJMap().get("gpu");
        return new Place(host() + "/" + SparkEnv.get().executorId(), task.cpus(),
                gpus == null ? null : gpus.addresses()[0]);
    }

    private static String host() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            return "unknown host";
        }
    }

    /**
     * The device that a user's means here: the card that the task was given, or a model of as many threads as the task
     * has cores. A device that is named more closely stays.
     */
    String device(String asked) {
        List<DeviceName> devices = DeviceName.list(asked);
        Kind kind = devices.get(0).kind();
        if (gpu != null && kind != Kind.CPU && kind != Kind.SIMT) {
            return "cuda:" + gpu;
        }
        boolean named = devices.get(0).threads() != null || kind == Kind.SIMT || kind == Kind.CUDA;
        return named ? asked : "cpu:1x" + cpus;
    }
}
