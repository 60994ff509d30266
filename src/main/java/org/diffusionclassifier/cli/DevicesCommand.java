package org.diffusionclassifier.cli;

import java.io.PrintWriter;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.DeviceException;
import org.diffusionclassifier.device.cpu.CpuDevice;
import org.diffusionclassifier.device.cuda.CudaDevice;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code devices}: what {@code --device} can be here, and why not where it cannot. */
@Command(name = "devices", mixinStandardHelpOptions = true, description = "Lists the devices that can be used.")
final class DevicesCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        describe(out, "cpu", () -> new CpuDevice(CpuDevice.fastestType()));
        int cards = cards();
        for (int i = 0; i < Math.max(1, cards); i++) {
            int card = i;
            describe(out, cards > 1 ? "cuda:" + card : "cuda", () -> CudaDevice.open(card));
        }
        if (cards > 1) {
            line(out, "all", "the " + cards + " cards at once");
        }
        if (CudaDevice.isInstalled()) {
            line(out, "simt", "not looked at: a process can have one CUDA driver only");
        } else {
            describe(out, "simt", CudaDevice::openEmulated);
        }
        return 0;
    }

    private static int cards() {
        try {
            return CudaDevice.cards();
        } catch (DeviceException e) {
            return 0;           // said by the first card already
        }
    }

    private static void describe(PrintWriter out, String name, Supplier<Device> open) {
        try (Device device = open.get()) {
            line(out, name, device.description());
            device.notices().forEach(notice -> line(out, "", notice));
        } catch (DeviceException e) {
            line(out, name, "cannot be used: " + e.getMessage());
        }
    }

    private static void line(PrintWriter out, String name, String text) {
        out.printf(Locale.ROOT, "%-7s %s%n", name, text);
    }
}
