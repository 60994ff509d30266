package org.diffusionclassifier.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** The two programs as users start them, each as a process: on one machine, and by spark-submit. */
final class Processes {

    private static final Path TARGET = Path.of("..", "..", "target").toAbsolutePath().normalize();
    private static final Path HOME = TARGET.resolve("spark/home");
    private static final String JAVA = Path.of(System.getProperty("java.home"), "bin", "java").toString();

    /** For every process of a cluster: they are over before Java's optimising compiler has paid for itself. */
    private static final String QUICK = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC";

    /** A program that has been started. */
    record Started(Process process, Path log) {

        /** Waits for its end, and asserts its exit code. @return what it printed */
        String ends(int exitCode) throws IOException, InterruptedException {
            assertTrue(process.waitFor(5, TimeUnit.MINUTES), this::text);
            assertEquals(exitCode, process.exitValue(), this::text);
            return text();
        }

        String text() {
            try {
                return Files.readString(log);
            } catch (IOException e) {
                return e.toString();
            }
        }

        /** Processes of executors, in the order of their start. */
        List<ProcessHandle> executors() {
            return process.descendants()
                    .filter(child -> child.info().commandLine().orElse("").contains("CoarseGrainedExecutorBackend"))
                    .sorted(Comparator.comparing(ProcessHandle::pid)).toList();
        }

        /** Waits until something is so, while the process runs. */
        void until(BooleanSupplier isSo) throws InterruptedException {
            while (!isSo.getAsBoolean()) {
                assertTrue(process.isAlive(), this::text);
                Thread.sleep(100);
            }
        }
    }

    private Processes() {
    }

    /** Makes the folder that is Spark's home. */
    static void makeHome() throws IOException, InterruptedException {
        assertEquals(0, new ProcessBuilder("./home.sh", HOME.toString()).inheritIO()
                .redirectOutput(ProcessBuilder.Redirect.DISCARD).start().waitFor());
    }

    static Started onOneMachine(Path log, List<String> words) throws IOException {
        var command = new ArrayList<>(List.of(JAVA, "-jar", TARGET.resolve("diffusion-classifier.jar").toString()));
        command.addAll(words);
        return start(log, command);
    }

    /** @param options of spark-submit */
    static Started submitted(Path log, String master, List<String> options, List<String> words) throws IOException {
        var command = new ArrayList<>(List.of(HOME.resolve("bin/spark-submit").toString(), "--master", master,
                "--conf", "spark.ui.enabled=false", "--conf", "spark.driver.host=127.0.0.1",
                "--conf", "spark.driver.bindAddress=127.0.0.1"));
        command.addAll(options);
        command.add(TARGET.resolve("diffusion-classifier-spark.jar").toString());
        command.addAll(words);
        return start(log, command);
    }

    /** A master and two workers, by the script that is for people to try; stopped by ending it. */
    static Started standalone(Path log, int port) throws IOException {
        return start(log, List.of("./standalone.sh", String.valueOf(port)));
    }

    private static Started start(Path log, List<String> command) throws IOException {
        var builder = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
        builder.environment().put("SPARK_LOCAL_IP", "127.0.0.1");
        builder.environment().put("OMP_WAIT_POLICY", "passive");
        builder.environment().put("JAVA_TOOL_OPTIONS", QUICK);
        return new Started(builder.start(), log);
    }
}
