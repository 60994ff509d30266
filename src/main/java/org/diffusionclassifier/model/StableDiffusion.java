package org.diffusionclassifier.model;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.diffusionclassifier.checkpoint.DiffusersDirectory;
import org.diffusionclassifier.checkpoint.ModelSource;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Graph;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.image.Preprocess;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.tensor.Weights;

/**
 * A text-conditional latent diffusion model, loaded: Stable Diffusion 1.x or 2.x or any of their form. (Rombach et al.,
 * 2022, arXiv 2112.10752.)
 */
public final class StableDiffusion implements AutoCloseable {

    /** Captions whose keys and values are computed in one run; the last run's surplus is ignored. */
    private static final int PROJECTED_AT_ONCE = 16;

    private final ModelSource source;
    private final Device device;
    private final NoiseProcess noise;
    private final Weights weights;
    private final UNet unet;
    private final LatentEncoder latents;
    private List<String> encodedCaptions = List.of();
    private Tensor encodedStates;

    /**
     * Loads a diffusers directory.
     *
     * @throws org.diffusionclassifier.tensor.InputException if it is no model of this form, or a damaged one
     */
    public StableDiffusion(Path path, Device device) {
        this(DiffusersDirectory.open(path), device);
    }

    /**
     * Loads a model.
     *
     * @throws org.diffusionclassifier.tensor.InputException if it is a damaged one
     */
    public StableDiffusion(ModelSource source, Device device) {
        this.device = device;
        this.source = source;
        this.noise = NoiseProcess.of(source.schedule());
        int size = source.unet().sampleSize() * source.vae().downscale();
        this.latents = new LatentEncoder(source.vae(), source.vaeWeights(), new Preprocess(size), device);
        try {
            this.weights = source.unetWeights();
        } catch (RuntimeException e) {
            latents.close();
            throw e;
        }
        try {
            this.unet = new UNet(source.unet(), weights, device);
        } catch (RuntimeException e) {
            weights.close();
            latents.close();
            throw e;
        }
    }

    /**
     * Loads a model to be asked for these captions: the text encoder comes first, and has encoded them and is gone before
     * the rest is there.
     *
     * @throws org.diffusionclassifier.tensor.InputException as the constructor does
     */
    public static StableDiffusion load(ModelSource source, Device device, List<String> captions) {
        Tensor states;
        try (var encoder = new PromptEncoder(source, device)) {
            states = encoder.encode(captions);
        }
        var model = new StableDiffusion(source, device);
        model.encodedCaptions = List.copyOf(captions);
        model.encodedStates = states;
        return model;
    }

    public ModelSource source() {
        return source;
    }

    public NoiseProcess noise() {
        return noise;
    }

    public UNet unet() {
        return unet;
    }

    /** x₀ of an image, scaled: [1, h, w, c] float32 on the device, until another graph runs there. */
    public Tensor latent(RgbImage image) {
        return latents.encode(image);
    }

    /** What the model sees of an image: resized, the middle square cut out. */
    public RgbImage seen(RgbImage image) {
        return latents.seen(image);
    }

    /**
     * What the UNet attends to for each caption. The text encoder is loaded for this call alone, unless these are the
     * captions that the model was {@linkplain #load loaded} for: then it has done its work already.
     *
     * @return persistent tensors [N, L, 2C], in the order of {@link UNet#projectContext}
     */
    public List<Tensor> context(List<String> captions) {
        Tensor states = captions.equals(encodedCaptions) ? encodedStates : encode(captions);
        encodedCaptions = List.of();
        encodedStates = null;
        try {
            return project(states);
        } finally {
            device.release(states);
        }
    }

    private Tensor encode(List<String> captions) {
        try (var encoder = new PromptEncoder(source, device)) {
            return encoder.encode(captions);
        }
    }

    /** Every cross-attention's keys and values of states [N, L, D]. */
    private List<Tensor> project(Tensor states) {
        int captions = states.dim(0);
        int batch = Math.min(PROJECTED_AT_ONCE, captions);
        Tensor some = device.tensor(states.type(), batch, states.dim(1), states.width());
        var projected = new AtomicReference<List<Tensor>>();
        try (Graph graph = device.record(recorder -> {
            projected.set(unet.projectContext(some));
            projected.get().forEach(recorder::keep);
        })) {
            List<Tensor> tables = projected.get().stream()
                    .map(part -> device.tensor(part.type(), captions, part.dim(1), part.width())).toList();
            for (int from = 0; from < captions; from += batch) {
                int count = Math.min(batch, captions - from);
                device.copy(states.slice(from, count), some.slice(0, count));
                graph.run();
                for (int i = 0; i < tables.size(); i++) {
                    device.copy(projected.get().get(i).slice(0, count), tables.get(i).slice(from, count));
                }
            }
            return tables;
        } finally {
            device.release(some);
        }
    }

    @Override
    public void close() {
        if (encodedStates != null) {
            device.release(encodedStates);
        }
        latents.close();
        unet.close();
        weights.close();
    }
}
