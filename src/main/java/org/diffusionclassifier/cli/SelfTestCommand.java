package org.diffusionclassifier.cli;

import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import org.diffusionclassifier.DeviceName;
import org.diffusionclassifier.DeviceSpec;
import org.diffusionclassifier.selftest.SelfTest;
import org.diffusionclassifier.selftest.SelfTestResult;
import org.diffusionclassifier.tensor.InputException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code selftest}: whether a device computes what it should, and how fast. */
@Command(name = "selftest", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Runs every kernel and the bundled model on a device, compares them with the CPU in float32, and "
                + "on a GPU measures each kernel. Exit code 3 if a check fails. With --verbose every check has a line.")
final class SelfTestCommand implements Callable<Integer> {

    /** A device that computes something else has failed, as one that reports an error has. */
    private static final int CHECK_FAILED = 3;

    @ParentCommand
    private Main main;

    @Spec
    private CommandSpec spec;

    @Option(names = "--device", paramLabel = "NAME", defaultValue = "auto",
            description = "cpu; cuda or cuda:1, an NVIDIA GPU; simt, the GPU's code on the CPU; or auto: cuda if there is "
                    + "one, else cpu. Default: ${DEFAULT-VALUE}.")
    private String device;

    @Option(names = "--dtype", paramLabel = "TYPE", defaultValue = "auto",
            description = "f32 or bf16 on the CPU, f16 or bf16 on a GPU, or auto: the fastest that the device computes "
                    + "in, on a GPU f16. Default: ${DEFAULT-VALUE}.")
    private DeviceSpec.Type dtype;

    @Option(names = "--quick", description = "Leave out the layers of Stable Diffusion and DiT at their sizes, and Stable "
            + "Diffusion's speed.")
    private boolean quick;

    @Mixin
    private JsonOption json;

    @Override
    public Integer call() {
        List<DeviceName> devices = DeviceName.list(device);
        if (devices.size() != 1) {
            throw InputException.of("%s: expected one device, found %d", InputException.field("device"), devices.size());
        }
        json.check();
        PrintWriter err = spec.commandLine().getErr();
        SelfTestResult result = SelfTest.run(devices.get(0), dtype, quick, step -> err.println("selftest: " + step));
        json.write(result);
        PrintWriter out = spec.commandLine().getOut();
        out.print(result.render(main.verbose));
        out.flush();
        return result.passed() ? 0 : CHECK_FAILED;
    }
}
