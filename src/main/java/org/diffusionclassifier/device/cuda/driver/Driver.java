package org.diffusionclassifier.device.cuda.driver;

import static jcuda.driver.JCudaDriver.cuDriverGetVersion;
import static jcuda.driver.JCudaDriver.cuInit;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import jcuda.JCudaVersion;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;
import org.diffusionclassifier.device.DeviceException;
import org.diffusionclassifier.platform.Platform;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.InputException;

/**
 * The CUDA driver library of this process: the installed one, or the emulated one that travels in the jar. A process
 * can have one only, since JCuda binds to whichever is loaded first and cannot be unloaded.
 */
public enum Driver {

    /** The system's libcuda.so.1. */
    INSTALLED("cuda"),
    /** Ours, which runs kernels compiled for the processor. */
    EMULATED("simt");

    private static final String RESOURCES = "/kernels/";
    private static final String LIBRARY = "libcuda.so.1";
    private static final Platform EMULATED_ON = new Platform("linux", "x86_64");
    private static final Set<String> BOUND = new HashSet<>();
    private static Driver loaded;

    private final String deviceName;

    Driver(String deviceName) {
        this.deviceName = deviceName;
    }

    /**
     * Whether the system has an NVIDIA driver that JCuda has natives for, found out without loading a library: a failed
     * attempt would leave JCuda unusable for the emulated one.
     */
    public static boolean isInstalled() {
        Platform platform = Platform.ofSystem();
        return Platform.having(Driver::binding).contains(platform)
                && traces(platform, System.getenv("SystemRoot")).stream().anyMatch(Files::exists);
    }

    /** Files one of which is there where NVIDIA's driver is: Linux's and WSL's devices, or Windows' library. */
    static List<Path> traces(Platform platform, String systemRoot) {
        return platform.isWindows()
                ? List.of(Path.of(systemRoot == null ? "C:\\Windows" : systemRoot, "System32", "nvcuda.dll"))
                : List.of(Path.of("/dev/nvidiactl"), Path.of("/dev/dxg"));
    }

    /** The resource that JCuda unpacks its binding to the driver from. */
    static String binding(Platform platform) {
        return "lib/" + platform.libraryFile("JCudaDriver-" + JCudaVersion.get() + "-" + platform);
    }

    /** @throws DeviceException that lists the platforms that can have this driver, unless this is one */
    void requirePlatform(Platform platform) {
        List<Platform> possible = this == EMULATED ? List.of(EMULATED_ON) : Platform.having(Driver::binding);
        if (!possible.contains(platform)) {
            throw DeviceException.of(null, "%s: expected %s, for which this program has %s, found %s: use %s cpu",
                    deviceName, Platform.names(possible), this == EMULATED ? "an emulated GPU" : "JCuda", platform,
                    InputException.field("device"));
        }
    }

    /** As settings call the device. */
    public String deviceName() {
        return deviceName;
    }

    /**
     * Makes this the process's driver and initialises it; does nothing the second time.
     *
     * @throws DeviceException if there is no such driver, or the other one is in use already
     */
    public void load() {
        synchronized (Driver.class) {
            if (loaded == this) {
                return;
            }
            if (loaded != null) {
                throw new DeviceException(deviceName + ": this process runs on " + loaded.deviceName
                        + " already, and a process can have one CUDA driver only");
            }
            requirePlatform(Platform.ofSystem());
            if (this == INSTALLED && !isInstalled()) {
                throw DeviceException.of(null, "cuda: no NVIDIA driver is loaded (no %s): install one, or use %s cpu",
                        traces(Platform.ofSystem(), System.getenv("SystemRoot")).get(0), InputException.field("device"));
            }
            try {
                bind(LIBRARY, () -> {
                    JCudaDriver.setExceptionsEnabled(false);
                    int result = cuInit(0);
                    if (result == CUresult.CUDA_ERROR_NO_DEVICE) {
                        throw DeviceException.of(null, "%s: no card: use %s cpu: CUDA_ERROR_NO_DEVICE", deviceName,
                                InputException.field("device"));
                    }
                    check(result, "cuInit");
                });
            } catch (LinkageError e) {
                throw DeviceException.of(e, "%s: the CUDA driver library (%s) cannot be loaded: install NVIDIA's driver, "
                        + "or use %s cpu", deviceName, LIBRARY, InputException.field("device"));
            }
            loaded = this;
        }
    }

    /**
     * Loads JCuda's binding to a library; before it, where this is the emulated driver, the library itself from the
     * jar. Does nothing the second time.
     *
     * @param library  the SONAME that the binding needs
     * @param firstUse makes JCuda load its native part
     * @throws LinkageError if there is no such library
     */
    public void bind(String library, Runnable firstUse) {
        synchronized (Driver.class) {
            if (BOUND.contains(library)) {
                return;
            }
            if (this == EMULATED) {
                NativeLibraries.load(library, emulatedLibrary(library));
            }
            NativeLibraries.load(firstUse);
            BOUND.add(library);
        }
    }

    /** Version that the driver supports: 12060 for CUDA 12.6. */
    public int version() {
        int[] version = new int[1];
        check(cuDriverGetVersion(version), "cuDriverGetVersion");
        return version[0];
    }

    /**
     * The jar's kernels as machine code, a module an entry; empty if it was built without, as it always is for BF16 on the
     * installed driver.
     *
     * @param kernels of the card: the installed driver takes no module without any
     * @param storage F16 or BF16
     * @param checked of the emulated driver, for F16, those that check and count every load and store
     */
    List<byte[]> compiled(KernelCatalog kernels, DType storage, boolean checked) {
        if (this == INSTALLED) {
            return storage == DType.F16 ? resources("modules.txt", ".fatbin", kernels) : List.of();
        }
        String kind = storage == DType.BF16 ? "-bf16" : checked ? "-checked" : "";
        return resourceLines("simt-modules" + kind + ".txt").stream().map(Driver::resource).toList();
    }

    /**
     * As {@link #compiled}, in PTX with the zero behind it that the driver asks of a text. The emulated driver translates
     * nothing: to it this is the head of such a text, and behind the zero its machine code.
     */
    List<byte[]> ptx(KernelCatalog kernels, DType storage, boolean checked) {
        if (this == INSTALLED) {
            return resources("ptx.txt", storage == DType.BF16 ? ".bf16.ptx" : ".ptx", kernels).stream().map(Driver::text)
                    .toList();
        }
        return compiled(kernels, storage, checked).stream().map(Driver::asPtx).toList();
    }

    /** Those of a list whose names are a file's with kernels of the card, and the ending. */
    private static List<byte[]> resources(String list, String ending, KernelCatalog kernels) {
        return resourceLines(list).stream().filter(name -> name.endsWith(ending)
                && kernels.hasFile(name.substring(0, name.length() - ending.length()))).map(Driver::resource).toList();
    }

    private static byte[] text(byte[] characters) {
        return Arrays.copyOf(characters, characters.length + 1);
    }

    private static byte[] asPtx(byte[] code) {
        byte[] head = text(".version 8.0\n.target sm_80\n".getBytes(StandardCharsets.UTF_8));
        byte[] image = Arrays.copyOf(head, head.length + code.length);
        System.arraycopy(code, 0, image, head.length, code.length);
        return image;
    }

    /** A resource of the kernels' module; null if there is none. */
    public static byte[] resource(String name) {
        try (InputStream in = Driver.class.getResourceAsStream(RESOURCES + name)) {
            return in == null ? null : in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The lines of a resource; none if there is no such resource. */
    public static List<String> resourceLines(String name) {
        byte[] text = resource(name);
        return text == null ? List.of() : new String(text, StandardCharsets.UTF_8).lines().toList();
    }

    public void check(int result, String call) {
        if (result != CUresult.CUDA_SUCCESS) {
            throw new DeviceException(deviceName + ": " + call + ": " + CUresult.stringFor(result));
        }
    }

    private static byte[] emulatedLibrary(String name) {
        byte[] library = resource(name);
        if (library == null) {
            throw new DeviceException("simt: this jar holds no emulated " + name
                    + ": build it by mvn package, where g++ is installed");
        }
        return library;
    }
}
