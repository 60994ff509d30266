package org.diffusionclassifier.device.cuda.driver;

import static jcuda.driver.JCudaDriver.cuProfilerInitialize;
import static jcuda.driver.JCudaDriver.cuProfilerStart;
import static jcuda.driver.JCudaDriver.cuProfilerStop;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.diffusionclassifier.device.Op;

/** The emulated driver's settings and counters, which it gives through the profiler's calls: a file in, a file out. */
public final class EmulatedProfile {

    private static final int CU_OUT_KEY_VALUE_PAIR = 0;

    private EmulatedProfile() {
    }

    /**
     * Gives the emulated card the compute capability, the multiprocessors and the shared memory of another, and spares
     * what checking the copies of large weights would take, for the rest of the process.
     *
     * @param sharedBytesOfBlock of which a block can have as many
     */
    public static void pretend(int computeCapability, int multiprocessors, int sharedBytesOfBlock) {
        Driver.EMULATED.load();
        inDirectory(directory -> {
            initialise(directory, "SIMT_COMPUTE_CAPABILITY " + computeCapability
                    + "\nSIMT_MULTIPROCESSORS " + multiprocessors + "\nSIMT_SHARED_KB "
                    + sharedBytesOfBlock / 1024 + "\nSIMT_STREAM_RACES 0\n");
            return null;
        });
    }

    /** Gives the emulated driver so many cards, all alike, from now on. */
    public static void pretendCards(int count) {
        Driver.EMULATED.load();
        inDirectory(directory -> initialise(directory, "SIMT_DEVICES " + count + "\n"));
    }

    /**
     * Runs a launch and says what it did.
     *
     * @param blocks of the grid, spread evenly, that are run; what the others would write is left as it was
     * @return by kernel, in the form that {@code kernels/simt/README.md} describes
     */
    public static JsonNode count(Gpu gpu, int blocks, Op launch) {
        return inDirectory(directory -> {
            Path counters = initialise(directory, "blocks " + blocks + "\nsites 1\n");
            gpu.check(cuProfilerStart(), "cuProfilerStart");
            launch.run();
            gpu.synchronize();
            gpu.check(cuProfilerStop(), "cuProfilerStop");
            return new ObjectMapper().readTree(counters.toFile());
        });
    }

    private static Path initialise(Path directory, String settings) throws IOException {
        Path file = Files.writeString(directory.resolve("settings"), settings);
        Path counters = directory.resolve("counters.json");
        Driver.EMULATED.check(cuProfilerInitialize(file.toString(), counters.toString(), CU_OUT_KEY_VALUE_PAIR),
                "cuProfilerInitialize");
        return counters;
    }

    /** What is done with files. */
    @FunctionalInterface
    private interface Work<T> {
        T in(Path directory) throws IOException;
    }

    private static <T> T inDirectory(Work<T> work) {
        try {
            Path directory = NativeLibraries.temporaryDirectory();
            try {
                return work.in(directory);
            } finally {
                Files.deleteIfExists(directory.resolve("settings"));
                Files.deleteIfExists(directory.resolve("counters.json"));
                Files.deleteIfExists(directory);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
