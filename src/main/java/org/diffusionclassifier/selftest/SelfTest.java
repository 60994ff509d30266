package org.diffusionclassifier.selftest;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.diffusionclassifier.DeviceName;
import org.diffusionclassifier.DeviceName.Kind;
import org.diffusionclassifier.DeviceSpec;
import org.diffusionclassifier.config.PublishedUNets;
import org.diffusionclassifier.config.UNetConfig;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.WeightsBudget;
import org.diffusionclassifier.device.cpu.CpuDevice;
import org.diffusionclassifier.device.cuda.CudaDevice;
import org.diffusionclassifier.device.cuda.Kernels;
import org.diffusionclassifier.device.cuda.driver.KernelFacts;
import org.diffusionclassifier.model.BundledModel;
import org.diffusionclassifier.report.Build;
import org.diffusionclassifier.selftest.Check.Outcome;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.InputException;

/**
 * Whether a device computes what it should, and on a card how fast: {@link #run}. Nothing is needed but the jar. The
 * reference is the CPU in float32, by oneDNN, whose layers the tests hold to plain loops in double precision.
 *
 * <p>Allowed misses are in units of the type's rounding, 2⁻¹¹ in float16 and 2⁻⁸ in bfloat16: four for the worst
 * element of a layer, whose result is rounded once, and whose intermediate results up to a few times; eight for a
 * pair's error, behind hundreds of layers. Results that stay float32 throughout, whose sums are of another order on
 * each device, have 2⁻¹⁶.
 */
public final class SelfTest {

    private static final int UNITS_OF_A_LAYER = 4;
    private static final int UNITS_OF_A_PAIR = 8;
    private static final double SINGLE = 0x1p-16;
    private static final int PAIRS = 8;
    private static final String SD_2 = "sd-2-base";
    /** Kernels that run with NVIDIA's libraries alone. */
    private static final String BESIDE_LIBRARIES = "vendor";

    private final DeviceName name;
    private final DeviceSpec.Type dtype;
    private final boolean quick;
    private final Consumer<String> progress;
    private final List<Outcome> outcomes = new ArrayList<>();
    private final List<String> notes = new ArrayList<>();

    private SelfTest(DeviceName name, DeviceSpec.Type dtype, boolean quick, Consumer<String> progress) {
        this.name = name;
        this.dtype = dtype;
        this.quick = quick;
        this.progress = progress;
    }

    /**
     * Runs every check, whatever the others found.
     *
     * @param device   a single one
     * @param dtype    what it computes in
     * @param quick    without the layers of Stable Diffusion and DiT at their sizes, and without Stable Diffusion's speed
     * @param progress gets a line for what begins
     * @throws InputException                                 for all cards at once, or a type that it has not
     * @throws org.diffusionclassifier.device.DeviceException if the device cannot be used at all
     */
    public static SelfTestResult run(DeviceName device, DeviceSpec.Type dtype, boolean quick,
                                     Consumer<String> progress) {
        if (device.kind() == Kind.ALL) {
            throw InputException.of("%s: expected one device, found all", InputException.field("device"));
        }
        boolean card = device.kind() == Kind.AUTO && CudaDevice.isInstalled();
        DeviceName chosen = device.kind() != Kind.AUTO ? device : DeviceName.list(card ? "cuda:0" : "cpu").get(0);
        new DeviceSpec(List.of(chosen), dtype, Kernels.NATIVE, null, null);     // refuses what does not go together
        return new SelfTest(chosen, dtype, quick, progress).run();
    }

    private SelfTestResult run() {
        String description;
        List<Speed.OfKernel> kernels = List.of();
        List<Speed.Evaluations> evaluations = List.of();
        try (Device device = open()) {
            description = device.description();
            progress.accept(description);
            double unit = unit(device.dtype());
            run(NoiseChecks.of(device, unit));
            layers(device, UNITS_OF_A_LAYER * unit);
            if (device instanceof CudaDevice card) {
                run(List.of(MemoryCheck.of(card)));
            } else {
                notes.add("no batch was halved: the CPU's memory is the system's to give");
            }
            model(UNITS_OF_A_PAIR * unit);
            if (name.kind() == Kind.SIMT) {
                notes.add("no speeds: this card is emulated");
            } else {
                evaluations = evaluations(device);
                if (device instanceof CudaDevice card) {
                    progress.accept("each kernel's time");
                    kernels = Speed.ofKernels(quick ? bundled() : PublishedUNets.of(SD_2), card, name.ordinal(),
                            PAIRS, notes::add);
                }
            }
        }
        CardState state = name.kind() == Kind.CUDA ? CardState.of(name.ordinal()).orElse(null) : null;
        return new SelfTestResult(Build.commit(), name.toString(), description, state, quick, outcomes, kernels,
                evaluations, notes);
    }

    private Device open() {
        return switch (name.kind()) {
            case CUDA -> CudaDevice.open(name.ordinal(), typeOr(DType.F16), Kernels.NATIVE, WeightsBudget.unlimited());
            case SIMT -> CudaDevice.openEmulated(name.ordinal(), typeOr(DType.F16), Kernels.NATIVE,
                    WeightsBudget.unlimited());
            default -> new CpuDevice(dtype == DeviceSpec.Type.AUTO ? CpuDevice.fastestType() : typeOr(DType.F32),
                    WeightsBudget.unlimited(), name.threads());
        };
    }

    private DType typeOr(DType automatic) {
        return dtype == DeviceSpec.Type.AUTO ? automatic : DType.valueOf(dtype.name());
    }

    /** Relative rounding of a value to the nearest; of float32, of a long sum. */
    private static double unit(DType type) {
        return switch (type) {
            case F16 -> 0x1p-11;
            case BF16 -> 0x1p-8;
            default -> 0x1p-17;
        };
    }

    private void layers(Device device, double allowed) {
        if (device.dtype() == DType.F32) {
            notes.add("no layers: this processor computes in f32, which is the reference itself");
            return;
        }
        try (var devices = new TwoDevices(device)) {
            if (device instanceof CudaDevice card) {
                run("products, by kernel", ProductChecks.kernels(card), devices, allowed);
                run("others, by kernel", OperationChecks.kernels(card), devices, allowed);
            }
            run("products, by layer", ProductChecks.layers(), devices, allowed);
            run("other operations", OperationChecks.cases(quick), devices, allowed);
            if (!quick) {
                run("products at size", ProductChecks.published(), devices, allowed);
            }
            if (device instanceof CudaDevice card) {
                run(List.of(new Check("others, by kernel", "kernels that nothing launched", 0,
                        () -> left(card, devices.launched()))));
            }
        }
    }

    private static double left(CudaDevice card, Set<String> launched) {
        var left = new TreeSet<String>();
        card.gpu().kernels().kernels().stream().filter(kernel -> !kernel.file().equals(BESIDE_LIBRARIES))
                .map(KernelFacts::kernel).filter(kernel -> !launched.contains(kernel)).forEach(left::add);
        if (!left.isEmpty()) {
            throw new IllegalStateException("not launched: " + String.join(", ", left));
        }
        return left.size();
    }

    private void run(String group, List<Case> cases, TwoDevices devices, double allowed) {
        run(cases.stream().map(each -> new Check(group, each.name(), each.single() ? SINGLE : allowed,
                () -> devices.miss(each.pass()))).toList());
    }

    private void run(List<Check> checks) {
        progress.accept(checks.get(0).group() + ", " + checks.size() + (checks.size() == 1 ? " check" : " checks"));
        checks.forEach(check -> outcomes.add(check.run()));
    }

    private void model(double allowed) {
        try (var model = new BundledModelChecks(name, dtype, allowed, quick)) {
            run(model.checks());
        }
    }

    private List<Speed.Evaluations> evaluations(Device device) {
        progress.accept("pairs a second");
        int many = Math.max(1, device.latentPixelsABatch() / (bundled().sampleSize() * bundled().sampleSize()));
        var speeds = new ArrayList<Speed.Evaluations>();
        speeds.add(Speed.Evaluations.of("bundled model's UNet", bundled(), device, Math.min(64, many)));
        if (!quick) {
            speeds.add(Speed.Evaluations.of("Stable Diffusion 2's UNet", PublishedUNets.of(SD_2), device,
                    device instanceof CudaDevice ? PAIRS : 1));
        }
        return speeds;
    }

    private static UNetConfig bundled() {
        try (var bundled = BundledModel.open()) {
            return UNetConfig.read(bundled.root().resolve("unet/config.json"));
        }
    }
}
