package org.diffusionclassifier.checkpoint;

import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import com.fasterxml.jackson.databind.ObjectMapper;
import org.diffusionclassifier.checkpoint.original.OriginalForm;
import org.diffusionclassifier.config.ClipTextConfig.Activation;
import org.diffusionclassifier.config.ClipTextConfig;
import org.diffusionclassifier.config.ScheduleConfig.PredictionType;
import org.diffusionclassifier.config.ScheduleConfig;
import org.diffusionclassifier.config.UNetConfig.BlockKind;
import org.diffusionclassifier.config.UNetConfig;
import org.diffusionclassifier.config.VaeConfig;
import org.diffusionclassifier.pytorch.PytorchFixture;
import org.diffusionclassifier.safetensors.SafetensorsWriter;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.FloatFormats;
import org.diffusionclassifier.testing.MapWeights;
import org.diffusionclassifier.tensor.Weights;

/**
 * A model of Stable Diffusion's form and next to no size, whose values are F16's, in every form that there is: what is
 * made from each must be the same.
 *
 * @param linear    whether it is of version 2: linear projections, OpenCLIP
 * @param textWidth of the text encoder, a multiple of 64
 */
public record SmallModel(boolean linear, int textWidth) {

    /** Of the smallest width. */
    public SmallModel(boolean linear) {
        this(linear, 64);
    }

    public UNetConfig unet() {
        var attends = BlockKind.CROSS_ATTENTION;
        return new UNetConfig(8, 4, 4, List.of(64, 64), List.of(attends, BlockKind.PLAIN),
                List.of(BlockKind.PLAIN, attends), List.of(1, 1), Collections.nCopies(2, linear ? 1 : 8), List.of(1, 1),
                textWidth, 32, 1e-5f, linear, true, 0, false);
    }

    public VaeConfig vae() {
        return new VaeConfig(16, 3, 4, List.of(32, 64), 1, 32, 0.18215, true, true);
    }

    public ClipTextConfig text() {
        return new ClipTextConfig(640, textWidth, 4 * textWidth, 2, textWidth / 64, 16,
                linear ? Activation.GELU : Activation.QUICK_GELU, 1e-5f);
    }

    MapWeights unetWeights() {
        return withValues(DiffusersForm.unet(unet()));
    }

    MapWeights vaeWeights() {
        return withValues(DiffusersForm.vae(vae()));
    }

    MapWeights textWeights() {
        return withValues(DiffusersForm.text(text()));
    }

    private static MapWeights withValues(Weights shapes) {
        var filled = new MapWeights();
        for (String name : shapes.names()) {
            float[] values = values(name, OriginalForm.elements(shapes.shape(name)));
            filled.put(name, shapes.shape(name), () -> values);
        }
        return filled;
    }

    private static float[] values(String name, int elements) {
        var random = new SplittableRandom(name.hashCode());
        var values = new float[elements];
        for (int i = 0; i < elements; i++) {
            values[i] = FloatFormats.fromF16(FloatFormats.toF16((float) random.nextGaussian(0, 0.1)));
        }
        return values;
    }

    /** A diffusers directory, with safetensors of a type, or with PyTorch's files where that is null. */
    public Path directory(Path root, DType dtype) throws IOException {
        write(root, "model_index.json", Map.of("_class_name", "StableDiffusionPipeline"));
        write(root, "scheduler/scheduler_config.json",
                ScheduleConfig.stableDiffusion(PredictionType.EPSILON).toDiffusers());
        write(root, "unet/config.json", unet().toDiffusers());
        write(root, "vae/config.json", vae().toDiffusers());
        write(root, "text_encoder/config.json", text().toTransformers());
        weights(root.resolve("unet/diffusion_pytorch_model"), unetWeights(), dtype);
        weights(root.resolve("vae/diffusion_pytorch_model"), vaeWeights(), dtype);
        weights(root.resolve("text_encoder").resolve(dtype == null ? "pytorch_model" : "model"), textWeights(), dtype);
        tokenizer(root.resolve("tokenizer"));
        return root;
    }

    private static void write(Path root, String file, Map<String, Object> json) throws IOException {
        Files.createDirectories(root.resolve(file).getParent());
        new ObjectMapper().writeValue(root.resolve(file).toFile(), json);
    }

    private static void weights(Path stem, Weights weights, DType dtype) throws IOException {
        if (dtype == null) {
            PytorchFixture.write(weights, Path.of(stem + ".bin"));
            return;
        }
        var writer = new SafetensorsWriter();
        for (String name : weights.names()) {
            var values = FloatBuffer.allocate((int) weights.elements(name));
            weights.read(name, values);
            writer.floats(name, dtype, weights.shape(name), values.array());
        }
        writer.write(Path.of(stem + ".safetensors"));
    }

    public static Path tokenizer(Path folder) throws IOException {
        Files.createDirectories(folder);
        for (Map.Entry<String, byte[]> file : RandomModel.of("sd-1.5", ModelSpec.of(null)).tokenizer("tokenizer").files().entrySet()) {
            Files.write(folder.resolve(file.getKey()), file.getValue());
        }
        return folder;
    }

    /** All tensors in the original naming. */
    public MapWeights original() {
        OriginalForm form = new OriginalForm().unet(unetWeights(), 1).vae(vaeWeights());
        return (linear ? form.openClip(textWeights(), text().layers(), true) : form.clip(textWeights())).tensors();
    }
}
