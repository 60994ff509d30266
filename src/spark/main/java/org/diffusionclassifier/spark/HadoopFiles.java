package org.diffusionclassifier.spark;

import java.io.IOException;
import java.net.URI;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkEnv;
import org.apache.spark.deploy.SparkHadoopUtil;
import org.diffusionclassifier.file.RemoteFiles;
import org.diffusionclassifier.file.slash.SlashPath;
import org.diffusionclassifier.tensor.InputException;

/** The file systems that Hadoop knows where Spark runs, by the settings {@code spark.hadoop.*}. */
public final class HadoopFiles implements RemoteFiles {

    private static final Map<String, HadoopFileSystem> OPEN = new ConcurrentHashMap<>();

    @Override
    public SlashPath path(URI uri) {
        return OPEN.computeIfAbsent(uri.getScheme() + "://" + (uri.getAuthority() == null ? "" : uri.getAuthority()),
                root -> open(root)).getPath(uri.getPath().isEmpty() ? "/" : uri.getPath());
    }

    private static HadoopFileSystem open(String root) {
        try {
            return new HadoopFileSystem(root, org.apache.hadoop.fs.FileSystem.get(URI.create(root + "/"),
                    configuration()));
        } catch (IOException | RuntimeException e) {
            throw new InputException(root + ": expected a file system that Hadoop reaches here, found: "
                    + e.getMessage(), e);
        }
    }

    /** In the driver before Spark has started, by what spark-submit left in system properties. */
    private static Configuration configuration() {
        SparkEnv started = SparkEnv.get();
        return SparkHadoopUtil.get().newConfiguration(started == null ? new SparkConf() : started.conf());
    }
}
