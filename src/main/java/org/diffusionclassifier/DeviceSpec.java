package org.diffusionclassifier;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.WeightsBudget;
import org.diffusionclassifier.device.cpu.CpuDevice;
import org.diffusionclassifier.device.cuda.CudaDevice;
import org.diffusionclassifier.device.cuda.Kernels;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.InputException;

/**
 * Which device, and how it is used.
 *
 * @param device        where the networks run
 * @param dtype         what they compute in: F32 or BF16 on the CPU, F16 on a GPU
 * @param kernels       this project's own, or on a GPU the vendor's
 * @param batchSize     pairs of a class and a trial evaluated at once, at least 1; null to choose by the size of the
 *                      model's latent, the device and its free memory
 * @param weightsBudget bytes of weights to keep in the device's memory at the most, the rest being read anew in every
 *                      batch; null to keep all
 */
public record DeviceSpec(Name device, Type dtype, Kernels kernels, Integer batchSize, Long weightsBudget) {

    /** AUTO is CUDA where there is an NVIDIA driver, else the CPU; SIMT emulates a GPU on the CPU, slowly. */
    public enum Name { AUTO, CPU, CUDA, SIMT }

    /** AUTO is the fastest that the device computes in. */
    public enum Type { AUTO, F32, BF16, F16 }

    public static final DeviceSpec DEFAULT = new DeviceSpec(Name.AUTO, Type.AUTO, Kernels.NATIVE, null, null);

    /** @throws InputException for what does not go together */
    public DeviceSpec {
        if (batchSize != null && batchSize < 1) {
            throw InputException.of("%s: expected at least 1, found %d", InputException.field("batchSize"), batchSize);
        }
        if (weightsBudget != null && kernels != Kernels.NATIVE) {
            throw InputException.of("%s: expected %s native, found vendor", InputException.field("weightsBudget"),
                    InputException.field("kernels"));
        }
        if (device != Name.AUTO) {
            check(device == Name.CPU, dtype, kernels);
        }
    }

    /** The default but for the device's name, in any case. */
    public static DeviceSpec of(String device) {
        return DEFAULT.withDevice(device);
    }

    DeviceSpec withDevice(String other) {
        return new DeviceSpec(parse(Name.class, "device", other), dtype, kernels, batchSize, weightsBudget);
    }

    DeviceSpec withDtype(String other) {
        return new DeviceSpec(device, parse(Type.class, "dtype", other), kernels, batchSize, weightsBudget);
    }

    DeviceSpec withKernels(String other) {
        return new DeviceSpec(device, dtype, parse(Kernels.class, "kernels", other), batchSize, weightsBudget);
    }

    DeviceSpec withBatchSize(int other) {
        return new DeviceSpec(device, dtype, kernels, Integer.valueOf(other), weightsBudget);
    }

    DeviceSpec withWeightsBudget(long other) {
        return new DeviceSpec(device, dtype, kernels, batchSize, Long.valueOf(other));
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
        if (!onCpu && dtype != Type.AUTO && dtype != Type.F16) {
            throw InputException.of("%s %s: expected f16 on a GPU, or %s cpu", InputException.field("dtype"),
                    dtype.name().toLowerCase(Locale.ROOT), InputException.field("device"));
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

    /** @throws org.diffusionclassifier.device.DeviceException if it cannot be used */
    Device open(WeightsBudget budget) {
        Name chosen = device != Name.AUTO ? device : CudaDevice.isInstalled() ? Name.CUDA : Name.CPU;
        check(chosen == Name.CPU, dtype, kernels);
        return switch (chosen) {
            case CUDA -> CudaDevice.open(kernels, budget);
            case SIMT -> CudaDevice.openEmulated(kernels, budget);
            default -> new CpuDevice(dtype == Type.AUTO ? CpuDevice.fastestType() : DType.valueOf(dtype.name()), budget);
        };
    }
}
