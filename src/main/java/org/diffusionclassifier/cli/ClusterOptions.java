package org.diffusionclassifier.cli;

import org.diffusionclassifier.tensor.InputException;
import picocli.CommandLine.Option;

/** Where a cluster is, and how it shares work. */
final class ClusterOptions {

    @Option(names = "--master", paramLabel = "URL",
            description = "On a cluster of Apache Spark: spark://HOST:PORT, k8s://…, yarn, local[N], or "
                    + "local-cluster[EXECUTORS,CORES,MIB]. Started by ./diffusion-classifier, which needs SPARK_HOME.")
    String master;

    @Option(names = "--ranges", paramLabel = "N",
            description = "On a cluster: how many tasks share a round of an image, each a range of its pairs; 1 for "
                    + "none. Default: as many as keep all executors busy where images are few.")
    Integer ranges;

    /** @throws InputException for ranges that are none, or that no cluster is there for */
    void check(boolean onCluster) {
        if (ranges != null && !onCluster) {
            throw new InputException("--ranges: expected --master beside it");
        }
        if (ranges != null && ranges < 1) {
            throw new InputException("--ranges: expected at least 1, found " + ranges);
        }
    }
}
