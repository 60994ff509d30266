package org.diffusionclassifier.cli;

import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.function.UnaryOperator;
import org.diffusionclassifier.DeviceName;
import org.diffusionclassifier.DeviceSpec;
import org.diffusionclassifier.DiffusionModel;
import org.diffusionclassifier.device.cuda.Kernels;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Which model, on which device. */
final class ModelOptions {

    @Option(names = "--model", paramLabel = "MODEL", completionCandidates = ModelCandidates.class,
            description = "A name: demo, the bundled model; that of a file in the working directory or in models/; or "
                    + "ORG/NAME[@REVISION][:FILE], a model of the Hugging Face Hub that pull has fetched. Or a path: a "
                    + "file that convert made, of either kind; a directory in diffusers form: Stable Diffusion "
                    + "(unet/, vae/, text_encoder/, …) or a DiT (transformer/, vae/, …); or Stable Diffusion 1, 2 or XL, or "
                    + "with --vae a DiT, as one .safetensors, .ckpt or .pt file in the original naming. Default: the "
                    + "bundled model.")
    private String model;

    @Mixin
    private PullOption pull;

    @Mixin
    private CheckpointOptions checkpoint;

    @Option(names = "--labels", paramLabel = "FILE",
            description = "For a DiT: the names of its labels, one a line. Default: the model's own, else numbers.")
    private Path labels;

    @Option(names = "--device", paramLabel = "NAME[,NAME]", defaultValue = "auto",
            description = "cpu; cuda, an NVIDIA GPU; simt, the GPU's code on the CPU, slowly; or auto: cuda if there is "
                    + "one, else cpu. Several at once: cuda:0,cuda:1; all, every GPU; cpu:2x1, on the CPU two models "
                    + "of one thread each. Default: ${DEFAULT-VALUE}.")
    private String device;

    @Option(names = "--kernels", paramLabel = "WHOSE", defaultValue = "native",
            description = "On a GPU: native, those of this program, or vendor, NVIDIA's cuBLAS and cuDNN for matrix "
                    + "products and convolutions. Default: ${DEFAULT-VALUE}.")
    private Kernels kernels;

    @Option(names = "--dtype", paramLabel = "TYPE", defaultValue = "auto",
            description = "f32 or bf16 on the CPU, f16 or bf16 on a GPU, or auto: the fastest that the device computes in, "
                    + "on a GPU f16. Default: ${DEFAULT-VALUE}.")
    private DeviceSpec.Type dtype;

    @Option(names = "--batch-size", paramLabel = "N",
            description = "Pairs of a class and a trial evaluated at once. Default: by the size of the model's latent, "
                    + "the device and its free memory.")
    private Integer batchSize;

    @Option(names = "--weights-budget", paramLabel = "SIZE", converter = ByteSize.class,
            description = "Keep at most so much of the weights in the device's memory, as 1GiB, and read the rest anew in "
                    + "every batch: slower, with the same results. Default: keep all.")
    private Long weightsBudget;

    @Option(names = "--check-finite",
            description = "Look at what every layer writes, and end at the first that is not finite, naming it: slow, for "
                    + "a model whose numbers overflow.")
    private boolean checkFinite;

    /**
     * Opens the model's files, and says what their user should know.
     *
     * @throws org.diffusionclassifier.tensor.InputException for what can be refused before anything is loaded
     */
    DiffusionModel open(Main main) {
        return open(main, UnaryOperator.identity(), UnaryOperator.identity());
    }

    /**
     * The same elsewhere than where the options were given.
     *
     * @param onDevice gets the device's name, and gives that of the one to use
     * @param ofModel  likewise; both null for the bundled model
     */
    DiffusionModel open(Main main, UnaryOperator<String> onDevice, UnaryOperator<String> ofModel) {
        PrintWriter log = main.log();
        say(log, "Java has started, the command line is read");
        DiffusionModel opened = DiffusionModel.builder().names(main.names())
                .model(checkpoint.spec(pull.find(main, ofModel.apply(model), checkpoint), labels))
                .device(new DeviceSpec(DeviceName.list(onDevice.apply(device)), dtype, kernels, batchSize,
                        weightsBudget))
                .checkFinite(checkFinite)
                .log(what -> say(log, what)).warning(line -> main.note(List.of(line))).load();
        main.note(opened.notices());
        return opened;
    }

    /** As the user names it. */
    String device() {
        return device;
    }

    private static void say(PrintWriter log, String what) {
        if (log != null) {
            long start = ManagementFactory.getRuntimeMXBean().getStartTime();       // of Java, before its classes
            log.printf(Locale.ROOT, "%6.2f s  %s%n", (System.currentTimeMillis() - start) * 1e-3, what);
        }
    }
}
