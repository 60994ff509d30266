package org.diffusionclassifier.cli;

import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import org.diffusionclassifier.checkpoint.Layout;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.WeightsBudget;
import org.diffusionclassifier.device.cpu.CpuDevice;
import org.diffusionclassifier.device.cuda.CudaDevice;
import org.diffusionclassifier.device.cuda.Kernels;
import org.diffusionclassifier.model.BundledModel;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.InputException;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Which model, on which device. */
final class ModelOptions {

    enum DeviceChoice { AUTO, CPU, CUDA, SIMT }

    enum TypeChoice { AUTO, F32, BF16, F16 }

    private static final int LARGEST_DEFAULT_BATCH = 64;

    @Option(names = "--model", paramLabel = "PATH",
            description = "A file that convert made, of either kind; a directory in diffusers form: Stable Diffusion "
                    + "(unet/, vae/, text_encoder/, …) or a DiT (transformer/, vae/, …); or Stable Diffusion 1 or 2, or "
                    + "with --vae a DiT, as one .safetensors, .ckpt or .pt file in the original naming. Default: the "
                    + "bundled model.")
    Path model;

    @Mixin
    private CheckpointOptions checkpoint;

    @Option(names = "--labels", paramLabel = "FILE",
            description = "For a DiT: the names of its labels, one a line. Default: the model's own, else numbers.")
    private Path labels;

    @Option(names = "--device", paramLabel = "NAME", defaultValue = "auto",
            description = "cpu; cuda, an NVIDIA GPU; simt, the GPU's code on the CPU, slowly; or auto: cuda if there is "
                    + "one, else cpu. Default: ${DEFAULT-VALUE}.")
    DeviceChoice device;

    @Option(names = "--kernels", paramLabel = "WHOSE", defaultValue = "native",
            description = "On a GPU: native, those of this program, or vendor, NVIDIA's cuBLAS and cuDNN for matrix "
                    + "products and convolutions. Default: ${DEFAULT-VALUE}.")
    Kernels kernels;

    @Option(names = "--dtype", paramLabel = "TYPE", defaultValue = "auto",
            description = "f32 or bf16 on the CPU, f16 on a GPU, or auto: the fastest that the device computes in. "
                    + "Default: ${DEFAULT-VALUE}.")
    TypeChoice dtype;

    @Option(names = "--batch-size", paramLabel = "N",
            description = "Pairs of a class and a trial evaluated at once. Default: by the size of the model's latent, "
                    + "the device and its free memory.")
    Integer batchSize;

    @Option(names = "--weights-budget", paramLabel = "SIZE", converter = ByteSize.class,
            description = "Keep at most so much of the weights in the device's memory, as 1GiB, and read the rest anew in "
                    + "every batch: slower, with the same results. Default: keep all.")
    Long weightsBudget;

    /**
     * Opens the model's files.
     *
     * @throws InputException for what can be refused before anything is loaded
     */
    OpenedModel open(BundledModel bundled) {
        if (batchSize != null && batchSize < 1) {
            throw new InputException("--batch-size: expected at least 1, found " + batchSize);
        }
        if (weightsBudget != null && kernels != Kernels.NATIVE) {
            throw new InputException("--weights-budget: expected --kernels native, found vendor");
        }
        return OpenedModel.of(this, checkpoint.spec(model == null ? bundled.root() : model, labels));
    }

    /** Adds what the errors depend on. */
    void describe(Map<String, String> settings) {
        settings.put("model", model == null ? "bundled" : model.toAbsolutePath().normalize().toString());
        checkpoint.describe(settings);
    }

    /**
     * For a device that is to hold a model: within the limit there has to be room for its largest layer to be streamed
     * through.
     *
     * @throws InputException if there is not
     */
    WeightsBudget budget(Layout layout) {
        if (weightsBudget == null) {
            return WeightsBudget.unlimited();
        }
        long room = WeightsBudget.room(layout.largestLayer());
        if (weightsBudget < room) {
            throw new InputException("--weights-budget: expected at least " + (room + 1048575 >> 20)
                    + "MiB, as the model's largest layer needs to pass through, found " + weightsBudget + " bytes");
        }
        return WeightsBudget.of(weightsBudget - room);
    }

    /** @throws org.diffusionclassifier.device.DeviceException if it cannot be used */
    Device openDevice(WeightsBudget budget) {
        return switch (device) {
            case CPU -> openCpu(budget);
            case CUDA -> openCuda(true, budget);
            case SIMT -> openCuda(false, budget);
            case AUTO -> CudaDevice.isInstalled() ? openCuda(true, budget) : openCpu(budget);
        };
    }

    private Device openCpu(WeightsBudget budget) {
        if (kernels != Kernels.NATIVE) {
            throw new InputException("--kernels vendor: expected a GPU (--device cuda or simt), found the CPU");
        }
        return new CpuDevice(switch (dtype) {
            case AUTO -> CpuDevice.fastestType();
            case F32 -> DType.F32;
            case BF16 -> DType.BF16;
            case F16 -> throw new InputException("--dtype f16: expected f32 or bf16 on the CPU");
        }, budget);
    }

    private Device openCuda(boolean real, WeightsBudget budget) {
        if (dtype != TypeChoice.AUTO && dtype != TypeChoice.F16) {
            throw new InputException("--dtype " + dtype.name().toLowerCase(Locale.ROOT)
                    + ": expected f16 on a GPU, or --device cpu");
        }
        return real ? CudaDevice.open(kernels, budget) : CudaDevice.openEmulated(kernels, budget);
    }

    /** @param latentSize height and width of the model's latent */
    int batchSizeFor(int latentSize, Device opened) {
        return batchSize != null ? batchSize : Math.max(1,
                Math.min(LARGEST_DEFAULT_BATCH, opened.latentPixelsABatch() / (latentSize * latentSize)));
    }

    /** Whether the batch may be made smaller than {@link #batchSizeFor} says. */
    boolean isBatchSizeFree() {
        return batchSize == null;
    }
}
