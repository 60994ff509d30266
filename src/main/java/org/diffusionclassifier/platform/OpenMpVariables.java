package org.diffusionclassifier.platform;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The environment variables that OpenMP reads once, when its library is loaded: how many threads there are, and how they
 * wait for each other. That happens thousands of times a second: awake for some microseconds, which between two
 * primitives is enough, and then asleep, so that a shared machine stays usable.
 *
 * <p>Only a program that owns its process may set them, so nothing happens until {@link #mayBeSet}.
 */
public final class OpenMpVariables {

    private static boolean allowed;

    private OpenMpVariables() {
    }

    /** Says that this process belongs to the program: {@link #set} may do its work, once. */
    public static synchronized void mayBeSet() {
        allowed = true;
    }

    /** Sets those that the environment leaves open; has to be called before the library is loaded. */
    public static synchronized void set() {
        if (!allowed) {
            return;
        }
        allowed = false;
        Map<String, String> open = open(Platform.ofSystem(), Runtime.getRuntime().availableProcessors(), System.getenv());
        if (open.isEmpty() || !Files.isWritable(Path.of(System.getProperty("java.io.tmpdir")))) {
            return;     // saves loading JNA, a tenth of a second; without a folder to unpack it to, it would log a trace
        }
        try {
            NativeEnvironment.set(open);
        } catch (LinkageError e) {
            // Where JNA cannot be loaded, OpenMP's own values stay: slower beside other programs.
        }
    }

    /**
     * Those to set.
     *
     * @param processors  that this process may use, which OpenMP does not know of a container
     * @param environment those that are set already
     */
    static Map<String, String> open(Platform platform, int processors, Map<String, String> environment) {
        var variables = new LinkedHashMap<String, String>();
        if (platform.isLinux()) {           // GCC's libgomp
            variables.put("OMP_NUM_THREADS", Integer.toString(processors));
            variables.put("OMP_WAIT_POLICY", "passive");
            variables.put("GOMP_SPINCOUNT", "3000");
        } else if (platform.isMac()) {      // Intel's and LLVM's, which stay awake for 200 milliseconds
            variables.put("OMP_NUM_THREADS", Integer.toString(processors));
            variables.put("KMP_BLOCKTIME", "1");
        }                                   // Microsoft's takes the number alone, and by itself the same
        variables.keySet().removeAll(environment.keySet());
        return variables;
    }
}
