package org.diffusionclassifier.cli;

import java.nio.file.Path;
import java.util.List;
import org.diffusionclassifier.Classifier;
import org.diffusionclassifier.Evaluation;
import org.diffusionclassifier.Workers;

/** Machines that evaluate together: a service, so that the program is whole without Spark. */
public interface Cluster {

    /**
     * What is to be done.
     *
     * @param master     where the cluster is, as {@code spark://head:7077}; null for where this process was
     *                   submitted to
     * @param words      the command line, which the other machines open by {@link EvaluateElsewhere}
     * @param base       what relative paths in it are relative to
     * @param device     as the user named it
     * @param evaluation what is evaluated
     * @param classifier by what; it opens no device
     * @param out        a folder that all machines see, for parts of the results
     * @param ranges     tasks that share a round of an image; null to choose
     */
    record Job(String master, List<String> words, Path base, String device, Evaluation evaluation,
            Classifier classifier, Path out, Integer ranges) {
    }

    /** A connection to it, for one run. */
    interface Session extends Workers, AutoCloseable {

        /** What the user should know of the prompts, a line each. */
        List<String> notices();

        /** In one line, where images are classified. */
        String description();

        /** Whatever the run wrote is where it belongs: parts are no longer needed. */
        void finished();

        @Override
        void close();
    }

    /** Whether this process was started to drive a run on it. */
    boolean isDriver();

    /** @throws org.diffusionclassifier.tensor.InputException if there is none, or it differs from what the job needs */
    Session connect(Job job);
}
