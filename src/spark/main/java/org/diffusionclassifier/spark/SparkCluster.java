package org.diffusionclassifier.spark;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.core.config.Configurator;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.diffusionclassifier.DeviceName;
import org.diffusionclassifier.cli.Cluster;
import org.diffusionclassifier.tensor.InputException;

/** A cluster of Apache Spark: how a run asks it for executors. What they do is in {@link ImageTask}. */
public final class SparkCluster implements Cluster {

    private static final String MASTER = "spark.master";
    private static final String NAME = "spark.app.name";
    private static final String TASK_CPUS = "spark.task.cpus";
    private static final Pattern LOCAL = Pattern.compile("local\\[(\\d+|\\*)(?:,\\d+)?]");
    private static final Pattern LOCAL_CLUSTER =
            Pattern.compile("local-cluster\\[\\s*\\d+\\s*,\\s*(\\d+)\\s*,\\s*\\d+\\s*]");

    /** spark-submit says so. */
    @Override
    public boolean isDriver() {
        return System.getProperty(MASTER) != null || System.getProperty("spark.submit.deployMode") != null;
    }

    @Override
    public Session connect(Job job) {
        var opener = new CommandLineOpener(List.copyOf(job.words()), job.base().toString());
        return SparkRun.connect(context(job.master(), job.device(), "evaluate " + job.evaluation().dataset()
                .description()), opener, job);
    }

    /**
     * Starts an application, unless the user has settings of their own.
     *
     * @param master null for what spark-submit says
     * @param device as the user names it
     */
    static JavaSparkContext context(String master, String device, String name) {
        var conf = new SparkConf();
        if (master != null) {
            conf.setMaster(master);
        }
        if (!conf.contains(MASTER)) {
            throw InputException.of("%s: expected where the cluster is, found nothing", InputException.field("master"));
        }
        if (conf.get(NAME, ".jar").endsWith(".jar")) {      // as spark-submit calls what nobody has named
            conf.setAppName(name);
        }
        avoidFailingDevices(conf);
        // Threads of a model wait for each other thousands of times a second: awake for some microseconds, then asleep.
        conf.setIfMissing("spark.executorEnv.OMP_WAIT_POLICY", "passive");
        conf.setIfMissing("spark.executorEnv.GOMP_SPINCOUNT", "3000");
        if (!conf.contains("spark.task.resource.gpu.amount")) {
            conf.setIfMissing(TASK_CPUS, String.valueOf(taskCpus(conf, device)));
        }
        // A warning is of many lines; the user gets one.
        boolean quiet = !conf.contains("spark.log.level");
        conf.setIfMissing("spark.log.level", "ERROR");
        var context = new JavaSparkContext(conf);
        if (quiet) {
            Configurator.setLevel("org.apache.spark.executor.Executor", Level.OFF);     // of local[N], with traces
        }
        return context;
    }

    /** Cores of one model: as many as the device has threads, else all of an executor, where it is known. */
    private static int taskCpus(SparkConf conf, String device) {
        List<DeviceName> devices = DeviceName.list(device);
        if (devices.size() > 1) {
            throw InputException.of("%s: expected one, as Spark hands out several, found %s",
                    InputException.field("device"), device);
        }
        if (devices.get(0).threads() != null) {
            return devices.get(0).threads();
        }
        String master = conf.get(MASTER);
        Matcher local = LOCAL.matcher(master);
        if (local.matches()) {
            return local.group(1).equals("*") ? Runtime.getRuntime().availableProcessors()
                    : Integer.parseInt(local.group(1));
        }
        Matcher localCluster = LOCAL_CLUSTER.matcher(master);
        return localCluster.matches() ? Integer.parseInt(localCluster.group(1))
                : conf.getInt("spark.executor.cores", 1);
    }

    /**
     * A task whose device failed is tried once more where it was, and then elsewhere. An executor with two such tasks
     * gets no more; the others of its machine do. Threads of one process, as {@code local[2]} has them, are one
     * executor.
     */
    private static void avoidFailingDevices(SparkConf conf) {
        int tries = conf.getInt("spark.task.maxFailures", 4);
        if (tries <= 2 || conf.get(MASTER).matches("local(\\[.*)?")) {
            return;
        }
        conf.setIfMissing("spark.excludeOnFailure.enabled", "true");
        conf.setIfMissing("spark.excludeOnFailure.task.maxTaskAttemptsPerExecutor", "2");
        conf.setIfMissing("spark.excludeOnFailure.task.maxTaskAttemptsPerNode", String.valueOf(tries - 1));
        conf.setIfMissing("spark.excludeOnFailure.stage.maxFailedExecutorsPerNode", String.valueOf(Integer.MAX_VALUE));
        // Images that tasks share are jobs of their own; what failed in one is kept in mind for the next.
        conf.setIfMissing("spark.excludeOnFailure.application.maxFailedExecutorsPerNode",
                String.valueOf(Integer.MAX_VALUE));
        conf.setIfMissing("spark.excludeOnFailure.timeout", "1000d");
    }
}
