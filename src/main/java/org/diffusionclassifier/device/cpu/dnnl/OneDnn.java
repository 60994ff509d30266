package org.diffusionclassifier.device.cpu.dnnl;

import static org.bytedeco.dnnl.global.dnnl.*;

import com.sun.jna.NativeLibrary;
import java.util.List;
import java.util.Map;
import org.bytedeco.dnnl.dnnl_engine;
import org.bytedeco.dnnl.dnnl_stream;
import org.bytedeco.javacpp.Loader;
import org.diffusionclassifier.device.DeviceException;
import org.diffusionclassifier.platform.NativeEnvironment;
import org.diffusionclassifier.platform.OpenMpVariables;
import org.diffusionclassifier.platform.Platform;
import org.diffusionclassifier.tensor.InputException;

/**
 * The oneDNN library as this package uses it: one engine, one stream, status codes turned into exceptions. Leans on
 * oneDNN's C interface (uxlfoundation.github.io/oneDNN) through JavaCPP, and on OpenMP's through JNA.
 */
public final class OneDnn implements AutoCloseable {

    private final dnnl_engine engine = new dnnl_engine();
    private final dnnl_stream stream = new dnnl_stream();

    public OneDnn() {
        load();
        check(dnnl_engine_create(engine, dnnl_cpu, 0), "engine_create");
        check(dnnl_stream_create(stream, engine, dnnl_stream_default_flags), "stream_create");
    }

    public dnnl_engine engine() {
        return engine;
    }

    public dnnl_stream stream() {
        return stream;
    }

    /** Whether all our primitives exist in bfloat16, natively or not. */
    public static boolean hasBfloat16() {
        load();
        return Bfloat16.isComplete();
    }

    /**
     * How many threads of OpenMP's run the primitives that the calling thread executes from now on. OpenMP keeps that
     * number, as its threads, for each thread that calls it (omp_set_num_threads, OpenMP 5.2, section 18.2.1).
     */
    public static void setThreads(int threads) {
        // Looked for from the binding on, so that it is found in the OpenMP that oneDNN runs on, not in the system's.
        // Windows looks into the named library alone: there it is Microsoft's, which the binding has loaded by then.
        String binding = load();
        String openMp = Platform.ofSystem().isWindows() ? "vcomp140" : binding;
        try {
            NativeLibrary.getInstance(openMp).getFunction("omp_set_num_threads").invokeVoid(new Object[] {threads});
        } catch (LinkageError e) {
            throw DeviceException.of(e, "cpu: the number of threads cannot be set (%s): use %s cpu, and the "
                    + "environment variable OMP_NUM_THREADS", e.getMessage(), InputException.field("device"));
        }
    }

    /**
     * Has JavaCPP unpack the library, unless that was done, and load it.
     *
     * @return the binding's file
     * @throws DeviceException if it cannot be unpacked, or there is none for this platform
     */
    private static String load() {
        requireNatives(Platform.ofSystem());
        OpenMpVariables.set();
        if (staysWithAdvancedSimd(Platform.ofSystem(), System.getenv())) {
            stayWithAdvancedSimd();
        }
        try {
            return Loader.load(org.bytedeco.dnnl.global.dnnl.class);
        } catch (LinkageError e) {
            throw new DeviceException(("cpu: oneDNN cannot be unpacked and loaded (%s): expected %s/.javacpp or the "
                    + "temporary folder %s to be one that programs may write to and run from; TMPDIR sets the latter")
                    .formatted(e.getMessage(), System.getProperty("user.home"), System.getProperty("java.io.tmpdir")), e);
        }
    }

    /**
     * Whether oneDNN is held to arm64's Advanced SIMD. With the Scalable Vector Extension, errors of the bundled model
     * are wrong by far, and with the Scalable Matrix Extension, products cannot be created: status out of memory.
     * Both were found on QEMU's processors; src/docs/platforms.md has the figures.
     *
     * @param environment whose own {@code ONEDNN_MAX_CPU_ISA} stays, {@code default} for instance
     */
    static boolean staysWithAdvancedSimd(Platform platform, Map<String, String> environment) {
        return platform.arch().equals("arm64") && !environment.containsKey("ONEDNN_MAX_CPU_ISA")
                && !environment.containsKey("DNNL_MAX_CPU_ISA");
    }

    /** By the variable that oneDNN reads when it is first used: dnnl_set_max_cpu_isa is not implemented on arm64. */
    private static void stayWithAdvancedSimd() {
        try {
            NativeEnvironment.set(Map.of("ONEDNN_MAX_CPU_ISA", "advanced_simd"));
        } catch (LinkageError e) {
            throw DeviceException.of(e, "cpu: oneDNN cannot be held to what it computes rightly on arm64 (%s): "
                    + "set the environment variable ONEDNN_MAX_CPU_ISA to advanced_simd", e.getMessage());
        }
    }

    /** @throws DeviceException that lists the platforms that the class path has oneDNN for, unless this is one */
    static void requireNatives(Platform platform) {
        List<Platform> present = Platform.having(OneDnn::binding);
        if (!present.contains(platform)) {
            throw new DeviceException("cpu: expected " + Platform.names(present) + ", for which this program has oneDNN, "
                    + "found " + platform + (Platform.KNOWN.contains(platform)
                    ? ": build it there, or for all by mvn -Pall-platforms package" : ""));
        }
    }

    /** The resource that JavaCPP unpacks its binding from. */
    static String binding(Platform platform) {
        return "org/bytedeco/dnnl/" + platform + "/" + platform.libraryFile("jnidnnl");
    }

    public static void check(int status, String call) {
        if (status == dnnl_success) {
            return;
        }
        if (status == dnnl_out_of_memory) {
            throw DeviceException.of(null, "cpu: oneDNN %s: out of memory: try a smaller %s or %s bf16", call,
                    InputException.field("batchSize"), InputException.field("dtype"));
        }
        throw new DeviceException("cpu: oneDNN " + call + ": " + (status == dnnl_unimplemented
                ? "not implemented for these shapes on this processor" : "status " + status));
    }

    @Override
    public void close() {
        dnnl_stream_destroy(stream);
        dnnl_engine_destroy(engine);
    }
}
