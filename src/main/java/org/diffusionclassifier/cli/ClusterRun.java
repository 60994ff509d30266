package org.diffusionclassifier.cli;

import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import org.diffusionclassifier.Classifier;
import org.diffusionclassifier.Evaluation;
import org.diffusionclassifier.file.AtomicFile;
import org.diffusionclassifier.tensor.InputException;

/**
 * An evaluation on a cluster, as this process drives it. A run's directory is on this machine, as it is locked and
 * added to. Where {@code --out} or {@code --record} lies elsewhere, as in {@code s3a:}, this class keeps the directory
 * in a temporary one and copies it to and fro; what is not copied yet is in the parts, which lie in {@code --out}
 * itself.
 */
final class ClusterRun implements AutoCloseable {

    private static final List<String> FILES =
            List.of("settings.json", "inputs.json", "results.jsonl", "summary.json");

    private final Cluster cluster;
    private final ClusterOptions options;
    private final Main main;
    private final String device;
    private final Path out;
    private final Path record;
    private final Path temporary;

    private ClusterRun(Cluster cluster, ClusterOptions options, Main main, String device, Path out, Path record) {
        this.cluster = cluster;
        this.options = options;
        this.main = main;
        this.device = device;
        this.out = out;
        this.record = record;
        try {
            this.temporary = Files.createTempDirectory("diffusion-classifier");
        } catch (IOException e) {
            throw new InputException("no temporary folder: " + e.getMessage(), e);
        }
        if (!isHere(out)) {
            FILES.stream().map(out::resolve).filter(Files::exists).forEach(file ->
                    copy(file, temporary.resolve(file.getFileName().toString())));
        }
    }

    /**
     * Empty where the run is for this machine.
     *
     * @throws InputException if a cluster is asked for and this program has none, or ranges and no cluster
     */
    static Optional<ClusterRun> of(ClusterOptions options, Main main, String device, Path out, Path record) {
        Optional<Cluster> found = ServiceLoader.load(Cluster.class, Cluster.class.getClassLoader()).findFirst();
        if (found.isEmpty() && options.master != null) {
            throw new InputException("--master: expected the jar for clusters: ./diffusion-classifier starts it by the "
                    + "spark-submit of SPARK_HOME, or start it so yourself: spark-submit --master " + options.master
                    + " diffusion-classifier-spark.jar evaluate …");
        }
        Optional<Cluster> here = found.filter(cluster -> options.master != null || cluster.isDriver());
        options.check(here.isPresent());
        return here.map(cluster -> new ClusterRun(cluster, options, main, device, out, record));
    }

    private static boolean isHere(Path path) {
        return path.getFileSystem() == FileSystems.getDefault();
    }

    /** The run's directory. */
    Path out() {
        return isHere(out) ? out : temporary;
    }

    /** Where the recording is written; null for none. */
    Path record() {
        return record == null || isHere(record) ? record : temporary.resolve("recording");
    }

    Cluster.Session connect(Evaluation evaluation, Classifier classifier) {
        return cluster.connect(new Cluster.Job(options.master, main.words(),
                main.names().workingDirectory().toAbsolutePath(), device, evaluation, classifier,
                isHere(out) ? out.toAbsolutePath() : out, options.ranges));
    }

    /** Copies what belongs elsewhere. */
    void publish() {
        if (!isHere(out)) {
            FILES.forEach(name -> copy(temporary.resolve(name), out.resolve(name)));
        }
        if (record != null && !isHere(record)) {
            copy(record(), record);
        }
    }

    private static void copy(Path from, Path to) {
        AtomicFile.write(to, stream -> Files.copy(from, stream));
    }

    @Override
    public void close() {
        try {
            var files = new ArrayList<Path>();
            try (var all = Files.list(temporary)) {
                all.forEach(files::add);
            }
            for (Path file : files) {
                Files.delete(file);
            }
            Files.delete(temporary);
        } catch (IOException e) {
            main.note(List.of(temporary + " could not be deleted: " + e.getMessage()));
        }
    }
}
