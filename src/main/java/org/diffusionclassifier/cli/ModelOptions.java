package org.diffusionclassifier.cli;

import java.nio.file.Path;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.cpu.CpuDevice;
import org.diffusionclassifier.weights.DType;
import org.diffusionclassifier.weights.InputException;
import picocli.CommandLine.Option;

/** Which model, on which device. */
final class ModelOptions {

    enum DeviceChoice { AUTO, CPU }

    enum TypeChoice { AUTO, F32, BF16 }

    /** Latent pixels a batch when no size is asked for: 4 pairs of Stable Diffusion's 64 × 64. */
    private static final int PIXELS_A_BATCH = 4 * 64 * 64;
    private static final int LARGEST_DEFAULT_BATCH = 64;

    @Option(names = "--model", paramLabel = "DIR",
            description = "A model in diffusers form (unet/, vae/, text_encoder/, …). Default: the bundled one.")
    Path model;

    @Option(names = "--device", paramLabel = "NAME", defaultValue = "auto",
            description = "auto or cpu. Default: ${DEFAULT-VALUE}.")
    DeviceChoice device;

    @Option(names = "--dtype", paramLabel = "TYPE", defaultValue = "auto",
            description = "f32, bf16, or auto: the fastest that the device computes in natively. "
                    + "Default: ${DEFAULT-VALUE}.")
    TypeChoice dtype;

    @Option(names = "--batch-size", paramLabel = "N",
            description = "Pairs of a class and a trial evaluated at once. Default: by the size of the model's latent.")
    Integer batchSize;

    /** @throws InputException for what can be refused before anything is loaded */
    void check() {
        if (batchSize != null && batchSize < 1) {
            throw new InputException("--batch-size: expected at least 1, found " + batchSize);
        }
    }

    Device openDevice() {
        return new CpuDevice(switch (dtype) {
            case AUTO -> CpuDevice.fastestType();
            case F32 -> DType.F32;
            case BF16 -> DType.BF16;
        });
    }

    /** @param latentSize height and width of the model's latent */
    int batchSizeFor(int latentSize) {
        return batchSize != null ? batchSize
                : Math.max(1, Math.min(LARGEST_DEFAULT_BATCH, PIXELS_A_BATCH / (latentSize * latentSize)));
    }
}
