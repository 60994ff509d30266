package org.diffusionclassifier;

import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.stream.Collectors;
import org.diffusionclassifier.DeviceName.Kind;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.WeightsBudget;
import org.diffusionclassifier.device.cpu.CpuDevice;
import org.diffusionclassifier.device.cuda.CudaDevice;
import org.diffusionclassifier.device.cuda.Kernels;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.InputException;

/**
 * Which devices, and how each of them is used.
 *
 * @param devices       where models run, one on each: at least one, each once, all of one kind
 * @param dtype         what they compute in: F32 or BF16 on the CPU, F16 or BF16 on a GPU
 * @param kernels       this project's own, or on a GPU the vendor's
 * @param batchSize     pairs of a class and a trial evaluated at once, at least 1; null to choose by the size of the
 *                      model's latent, the device and its free memory
 * @param weightsBudget bytes of weights to keep in each device's memory at the most, the rest being read anew in every
 *                      batch; null to keep all
 */
public record DeviceSpec(List<DeviceName> devices, Type dtype, Kernels kernels, Integer batchSize, Long weightsBudget) {

    /** AUTO is the fastest that the device computes in. */
    public enum Type { AUTO, F32, BF16, F16 }

    public static final DeviceSpec DEFAULT =
            new DeviceSpec(List.of(DeviceName.AUTO), Type.AUTO, Kernels.NATIVE, null, null);

    /** @throws InputException for what does not go together */
    public DeviceSpec {
        devices = List.copyOf(devices);
        checkTogether(devices);
        if (batchSize != null && batchSize < 1) {
            throw InputException.of("%s: expected at least 1, found %d", InputException.field("batchSize"), batchSize);
        }
        if (weightsBudget != null && kernels != Kernels.NATIVE) {
            throw InputException.of("%s: expected %s native, found vendor", InputException.field("weightsBudget"),
                    InputException.field("kernels"));
        }
        Kind kind = devices.get(0).kind();
        if (kind != Kind.AUTO && kind != Kind.ALL) {
            check(kind == Kind.CPU, dtype, kernels);
        }
    }

    /** The default but for the devices' names, as {@link DeviceName#list} reads them. */
    public static DeviceSpec of(String device) {
        return DEFAULT.withDevice(device);
    }

    DeviceSpec withDevice(String names) {
        return new DeviceSpec(DeviceName.list(names), dtype, kernels, batchSize, weightsBudget);
    }

    DeviceSpec withDtype(String other) {
        return new DeviceSpec(devices, parse(Type.class, "dtype", other), kernels, batchSize, weightsBudget);
    }

    DeviceSpec withKernels(String other) {
        return new DeviceSpec(devices, dtype, parse(Kernels.class, "kernels", other), batchSize, weightsBudget);
    }

    DeviceSpec withBatchSize(int other) {
        return new DeviceSpec(devices, dtype, kernels, Integer.valueOf(other), weightsBudget);
    }

    DeviceSpec withWeightsBudget(long other) {
        return new DeviceSpec(devices, dtype, kernels, batchSize, Long.valueOf(other));
    }

    /** Errors of a card and of the CPU differ by more than rounding: an image's would depend on which took it. */
    private static void checkTogether(List<DeviceName> devices) {
        if (devices.isEmpty()) {
            throw InputException.of("%s: expected at least one, found none", InputException.field("device"));
        }
        var seen = new HashSet<DeviceName>();
        DeviceName first = devices.get(0);
        for (DeviceName device : devices) {
            if (device.kind() != first.kind() || !Objects.equals(device.threads(), first.threads())) {
                throw InputException.of("%s: expected devices of one kind, found %s and %s",
                        InputException.field("device"), first, device);
            }
            if (!seen.add(device)) {
                throw InputException.of("%s: expected each device once, found %s twice", InputException.field("device"),
                        device);
            }
        }
    }

    private static <E extends Enum<E>> E parse(Class<E> type, String field, String name) {
        return Arrays.stream(type.getEnumConstants()).filter(one -> one.name().equalsIgnoreCase(name)).findFirst()
                .orElseThrow(() -> InputException.of("%s: expected %s, found %s", InputException.field(field),
                        Arrays.stream(type.getEnumConstants()).map(one -> one.name().toLowerCase(Locale.ROOT))
                                .collect(Collectors.joining(", ")), name));
    }

    private static void check(boolean onCpu, Type dtype, Kernels kernels) {
        if (onCpu && kernels != Kernels.NATIVE) {
            throw InputException.of("%s vendor: expected a GPU (%s cuda or simt), found the CPU",
                    InputException.field("kernels"), InputException.field("device"));
        }
        if (onCpu && dtype == Type.F16) {
            throw InputException.of("%s f16: expected f32 or bf16 on the CPU", InputException.field("dtype"));
        }
        if (!onCpu && dtype == Type.F32) {
            throw InputException.of("%s f32: expected f16 or bf16 on a GPU, or %s cpu", InputException.field("dtype"),
                    InputException.field("device"));
        }
        if (dtype == Type.BF16 && kernels != Kernels.NATIVE) {
            throw InputException.of("%s bf16: expected %s native, found vendor", InputException.field("dtype"),
                    InputException.field("kernels"));
        }
    }

    /**
     * The room for weights.
     *
     * @param largestLayer elements of the largest layer, which has to pass through the room
     * @throws InputException if it cannot
     */
    WeightsBudget budget(long largestLayer) {
        long room = WeightsBudget.room(largestLayer);
        if (weightsBudget < room) {
            throw InputException.of("%s: expected at least %dMiB, as the model's largest layer needs to pass through, "
                    + "found %d bytes", InputException.field("weightsBudget"), room + 1048575 >> 20, weightsBudget);
        }
        return WeightsBudget.of(weightsBudget - room);
    }

    /** Those of this machine, at least one. */
    List<DeviceName> devicesOfThisMachine() {
        return devices.stream().flatMap(DeviceName::onThisMachine).toList();
    }

    /**
     * Called by the thread that is to use it.
     *
     * @param device one of {@link #devicesOfThisMachine}
     * @throws org.diffusionclassifier.device.DeviceException if it cannot be used
     */
    Device open(DeviceName device, WeightsBudget budget) {
        check(device.kind() == Kind.CPU, dtype, kernels);
        DType stored = dtype == Type.BF16 ? DType.BF16 : DType.F16;
        return switch (device.kind()) {
            case CUDA -> CudaDevice.open(device.ordinal(), stored, kernels, budget);
            case SIMT -> CudaDevice.openEmulated(device.ordinal(), stored, kernels, budget);
            default -> new CpuDevice(dtype == Type.AUTO ? CpuDevice.fastestType() : DType.valueOf(dtype.name()), budget,
                    device.threads());
        };
    }
}
