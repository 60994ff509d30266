package org.diffusionclassifier.device.cuda.driver;

import static jcuda.nvrtc.JNvrtc.*;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import jcuda.nvrtc.JNvrtc;
import jcuda.nvrtc.nvrtcProgram;
import jcuda.nvrtc.nvrtcResult;
import org.diffusionclassifier.device.DeviceException;
import org.diffusionclassifier.tensor.DType;

/**
 * Compiles the kernels on the machine that runs them, by NVIDIA's NVRTC, where the jar holds none that its card takes.
 * Leans on the kernels' sources in the jar and on {@code libnvrtc.so.12}, which the loader finds. What was compiled is
 * kept among the user's caches, by a hash of all that went into it.
 */
final class RuntimeCompiler {

    private static final String LIBRARY = "libnvrtc.so.12";
    private static final String STANDARD = "--std=c++17";

    private final Map<String, String> kernels = new TreeMap<>();
    private final Map<String, String> headers = new TreeMap<>();
    private final String architecture;
    private final List<String> storage;
    private final KernelCatalog catalog;
    private final Path cache;

    /**
     * @param computeCapability of the card, 80 for 8.0
     * @param catalog           the kernels that such a card has: files without any are not compiled
     * @param storage           F16 or BF16
     * @param caches            where programs keep what they can make again; see {@link #userCaches}
     * @throws DeviceException if NVRTC is not installed, or {@code caches} cannot be written to
     */
    RuntimeCompiler(int computeCapability, KernelCatalog catalog, DType storage, Path caches) {
        try {
            NativeLibraries.load(() -> {
                JNvrtc.setExceptionsEnabled(false);
                check(nvrtcVersion(new int[1], new int[1]), "nvrtcVersion");
            });
        } catch (LinkageError e) {
            throw new DeviceException("NVRTC (" + LIBRARY + ") is not installed", e);
        }
        architecture = architecture(computeCapability);
        this.catalog = catalog;
        this.storage = storage == DType.BF16 ? List.of("-DBFLOAT16") : List.of();
        for (String name : Driver.resourceLines("sources.txt")) {
            boolean kernel = name.endsWith(".cu");
            if (kernel && !catalog.hasFile(name.replace(".cu", ""))) {
                continue;
            }
            String text = new String(Driver.resource("source/" + name), StandardCharsets.UTF_8);
            (kernel ? kernels : headers).put(name.substring(name.lastIndexOf('/') + 1), text);
        }
        cache = directory(caches, hash());
    }

    /**
     * Where compiled kernels are kept.
     *
     * @throws DeviceException if it cannot be made
     */
    static Path directory(Path caches, String hash) {
        Path directory = caches.resolve("diffusion-classifier").resolve("kernels-" + hash);
        try {
            return Files.createDirectories(directory);
        } catch (IOException e) {
            throw unwritable(directory, e);
        }
    }

    private static DeviceException unwritable(Path directory, IOException e) {
        return new DeviceException("cuda: expected a folder for compiled kernels that can be written to, found " + directory
                + " (" + e + "): set XDG_CACHE_HOME", e);
    }

    /** The card's own, or for a card newer than the library the newest that it knows, which the driver translates. */
    private static String architecture(int computeCapability) {
        int[] count = new int[1];
        check(nvrtcGetNumSupportedArchs(count), "nvrtcGetNumSupportedArchs");
        int[] known = new int[count[0]];
        check(nvrtcGetSupportedArchs(known), "nvrtcGetSupportedArchs");
        int newest = Arrays.stream(known).filter(a -> a <= computeCapability).max().orElseThrow();
        return (newest == computeCapability ? "sm_" : "compute_") + newest;
    }

    /** The modules, compiled or from the cache. */
    List<byte[]> images() {
        return kernels.keySet().parallelStream().map(this::image).toList();
    }

    private byte[] image(String name) {
        Path kept = cache.resolve(name + (architecture(name).startsWith("sm_") ? ".cubin" : ".ptx"));
        try {
            if (Files.exists(kept)) {
                return Files.readAllBytes(kept);
            }
            byte[] image = compile(name);
            Path part = Files.createTempFile(cache, name, ".part");
            Files.write(part, image);
            Files.move(part, kept, StandardCopyOption.ATOMIC_MOVE);
            return image;
        } catch (IOException e) {
            throw unwritable(cache, e);
        }
    }

    /** The card's, or where a file's kernels are for one architecture alone, that. */
    private String architecture(String name) {
        String required = catalog.requirement(name.replace(".cu", ""));
        return required.endsWith("a") ? required : architecture;
    }

    private byte[] compile(String name) {
        String target = architecture(name);
        var options = new ArrayList<>(List.of(STANDARD, "--gpu-architecture=" + target));
        options.addAll(storage);
        var program = new nvrtcProgram();
        check(nvrtcCreateProgram(program, kernels.get(name), name, headers.size(),
                headers.values().toArray(String[]::new), headers.keySet().toArray(String[]::new)), name);
        try {
            int result = nvrtcCompileProgram(program, options.size(), options.toArray(String[]::new));
            if (result != nvrtcResult.NVRTC_SUCCESS) {
                var log = new String[1];
                check(nvrtcGetProgramLog(program, log), name);
                throw new DeviceException("NVRTC does not compile " + name + " for " + target + ": "
                        + log[0].lines().findFirst().orElse("") + " …");
            }
            return target.startsWith("sm_") ? cubin(program, name) : ptx(program, name);
        } finally {
            nvrtcDestroyProgram(program);
        }
    }

    private static byte[] cubin(nvrtcProgram program, String name) {
        long[] size = new long[1];
        check(nvrtcGetCUBINSize(program, size), name);
        byte[] image = new byte[Math.toIntExact(size[0])];
        check(nvrtcGetCUBIN(program, image), name);
        return image;
    }

    /** With the zero at its end that the driver asks of a text. */
    private static byte[] ptx(nvrtcProgram program, String name) {
        var text = new String[1];
        check(nvrtcGetPTX(program, text), name);
        return (text[0] + '\0').getBytes(StandardCharsets.UTF_8);
    }

    /** {@code XDG_CACHE_HOME}, or {@code ~/.cache} (XDG Base Directory Specification). */
    static Path userCaches() {
        String set = System.getenv("XDG_CACHE_HOME");
        return set == null || set.isEmpty() ? Path.of(System.getProperty("user.home"), ".cache") : Path.of(set);
    }

    private String hash() {
        int[] major = new int[1];
        int[] minor = new int[1];
        check(nvrtcVersion(major, minor), "nvrtcVersion");
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            String all = major[0] + "." + minor[0] + STANDARD + storage + architecture + kernels + headers;
            return HexFormat.of().formatHex(digest.digest(all.getBytes(StandardCharsets.UTF_8)), 0, 8);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void check(int result, String what) {
        if (result != nvrtcResult.NVRTC_SUCCESS) {
            throw new DeviceException("NVRTC: " + what + ": " + nvrtcResult.stringFor(result));
        }
    }
}
