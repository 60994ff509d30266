package org.diffusionclassifier.jmh.report;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.diffusionclassifier.device.DeviceException;
import org.diffusionclassifier.device.cuda.CudaDevice;

/**
 * What was measured on.
 *
 * @param processor its name
 * @param cores     that the JVM may use
 * @param memoryGiB of main memory
 * @param system    operating system and version
 * @param gpu       its description, or null if there is none that can be used
 * @param load      processes that wanted to run in the minute before: what is well above 0 disturbed the measurement
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
@JsonIgnoreProperties(ignoreUnknown = true)
public record Machine(String processor, int cores, double memoryGiB, String system, String gpu, double load) {

    /** This one, now. */
    public static Machine here() {
        var system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        return new Machine(processorName(), Runtime.getRuntime().availableProcessors(),
                Math.round(system.getTotalMemorySize() / (double) (1 << 30) * 10) / 10.0,
                system.getName() + " " + system.getVersion() + " " + system.getArch(), usableGpu(),
                Math.round(system.getSystemLoadAverage() * 100) / 100.0);
    }

    private static String processorName() {
        try (var lines = Files.lines(Path.of("/proc/cpuinfo"))) {
            return lines.filter(line -> line.startsWith("model name")).map(line -> line.replaceFirst("[^:]*:\\s*", ""))
                    .findFirst().orElse("unknown");
        } catch (IOException e) {
            return "unknown";
        }
    }

    private static String usableGpu() {
        if (!CudaDevice.isInstalled()) {
            return null;
        }
        try (var device = CudaDevice.open()) {
            return device.description();
        } catch (DeviceException e) {
            return null;
        }
    }

    @Override
    public String toString() {
        return String.format(Locale.ROOT, "%s, %d cores, %.1f GiB, %s%s", processor, cores, memoryGiB, system,
                gpu == null ? "" : ", " + gpu);
    }
}
