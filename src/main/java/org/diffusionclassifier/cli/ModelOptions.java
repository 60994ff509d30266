package org.diffusionclassifier.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import org.diffusionclassifier.data.PromptSet;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.cpu.CpuDevice;
import org.diffusionclassifier.device.cuda.CudaDevice;
import org.diffusionclassifier.device.cuda.Kernels;
import org.diffusionclassifier.model.BundledModel;
import org.diffusionclassifier.weights.DType;
import org.diffusionclassifier.weights.DiffusersDirectory;
import org.diffusionclassifier.weights.DitSource;
import org.diffusionclassifier.weights.InputException;
import org.diffusionclassifier.weights.ModelSource;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Which model, on which device. */
final class ModelOptions {

    enum DeviceChoice { AUTO, CPU, CUDA, SIMT }

    enum TypeChoice { AUTO, F32, BF16, F16 }

    private static final int LARGEST_DEFAULT_BATCH = 64;

    @Option(names = "--model", paramLabel = "PATH",
            description = "A directory in diffusers form: Stable Diffusion (unet/, vae/, text_encoder/, …) or a DiT "
                    + "(transformer/, vae/, …); or Stable Diffusion 1 or 2, or with --vae a DiT, as one .safetensors, "
                    + ".ckpt or .pt file in the original naming. Default: the bundled model.")
    Path model;

    @Mixin
    private CheckpointOptions checkpoint;

    @Mixin
    private ClassConditionalOptions classConditional;

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

    /** @throws InputException for what can be refused before anything is loaded */
    void check() {
        classConditional.check(model);
        if (isClassConditional() && checkpoint.isGiven()) {
            throw new InputException("--tokenizer, --image-size, --predicts and --ema: expected with Stable Diffusion, "
                    + "not with a DiT");
        }
        if (!isClassConditional()) {
            checkpoint.check(model);
        }
        if (batchSize != null && batchSize < 1) {
            throw new InputException("--batch-size: expected at least 1, found " + batchSize);
        }
    }

    /** Whether the model is told labels rather than captions. */
    boolean isClassConditional() {
        return classConditional.isOne(model);
    }

    /** @throws InputException if it is no class-conditional model, or lacks a part */
    DitSource classConditional() {
        return classConditional.open(model);
    }

    /**
     * What images are compared with: captions, or the numbers of labels.
     *
     * @param datasetNames class names that a dataset brings along; empty for none
     */
    PromptSet prompts(PromptOptions options, BundledModel bundled, List<String> datasetNames) {
        if (isClassConditional()) {
            return options.readLabels(classConditional.labels(classConditional()), datasetNames);
        }
        return options.read(model == null ? bundled.prompts() : null, datasetNames);
    }

    /** @throws InputException if it is no model of captions, or lacks a part */
    ModelSource source(BundledModel bundled) {
        if (model == null) {
            return DiffusersDirectory.open(bundled.root());
        }
        return Files.isRegularFile(model) ? checkpoint.open(model) : DiffusersDirectory.open(model);
    }

    /** Adds what the errors depend on. */
    void describe(Map<String, String> settings) {
        settings.put("model", model == null ? "bundled" : model.toAbsolutePath().normalize().toString());
        if (isClassConditional()) {
            classConditional.describe(settings);
        } else if (model != null && Files.isRegularFile(model)) {
            checkpoint.describe(settings);
        }
    }

    /** @throws org.diffusionclassifier.device.DeviceException if it cannot be used */
    Device openDevice() {
        return switch (device) {
            case CPU -> openCpu();
            case CUDA -> openCuda(CudaDevice::open);
            case SIMT -> openCuda(CudaDevice::openEmulated);
            case AUTO -> CudaDevice.isInstalled() ? openCuda(CudaDevice::open) : openCpu();
        };
    }

    private Device openCpu() {
        if (kernels != Kernels.NATIVE) {
            throw new InputException("--kernels vendor: expected a GPU (--device cuda or simt), found the CPU");
        }
        return new CpuDevice(switch (dtype) {
            case AUTO -> CpuDevice.fastestType();
            case F32 -> DType.F32;
            case BF16 -> DType.BF16;
            case F16 -> throw new InputException("--dtype f16: expected f32 or bf16 on the CPU");
        });
    }

    private Device openCuda(Function<Kernels, Device> cuda) {
        if (dtype != TypeChoice.AUTO && dtype != TypeChoice.F16) {
            throw new InputException("--dtype " + dtype.name().toLowerCase(Locale.ROOT)
                    + ": expected f16 on a GPU, or --device cpu");
        }
        return cuda.apply(kernels);
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
