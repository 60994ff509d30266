package org.diffusionclassifier.model;

import java.util.HashMap;
import java.util.Map;
import org.diffusionclassifier.device.Conv2d;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Layer;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.Weights;

/**
 * A latent cut into patches of p × p pixels, which are a transformer's tokens, row by row, and put together again.
 * (Dosovitskiy et al., 2021, arXiv 2010.11929, section 3.1; diffusers' {@code PatchEmbed}.)
 */
public final class Patches implements Layer {

    private final Device device;
    private final int grid;
    private final int patch;
    private final int width;
    private final Conv2d projection;
    private final Tensor positions;
    private final Map<Integer, Tensor> firsts = new HashMap<>();

    /**
     * @param grid       patches in a row or a column of the latent
     * @param patch      p
     * @param channels   of the latent
     * @param width      C, of a token
     * @param projection {@code weight} [C, channels, p, p] and {@code bias} [C]
     * @param positions  [grid², C], what each token gets for its place
     */
    public Patches(int grid, int patch, int channels, int width, Weights projection, float[] positions, Layers layers) {
        this.device = layers.device();
        this.grid = grid;
        this.patch = patch;
        this.width = width;
        this.projection = layers.conv2d(Conv2d.Spec.of(patch * patch * channels, width, 1),
                new PatchWeights(projection, patch));
        this.positions = device.tensor(device.dtype(), 1, grid * grid, width);
        device.write(this.positions, positions);
    }

    /** Embeds the patches of M latents and where they are: [M, h, w, c] → [M, grid², C]. */
    public Tensor embed(Tensor latents) {
        int trials = latents.dim(0);
        int row = patch * latents.width();
        Tensor patches = device.swapAxes(latents.reshape(trials * grid, patch, grid, row))  // [M·h/p, w/p, p, p·c]
                .reshape(trials, grid, grid, patch * row);
        Tensor first = firsts.computeIfAbsent(trials, m -> device.tensor(DType.I32, m));
        Tensor places = device.gather(positions, first);                        // [M, grid², C], one row M times
        return projection.forward(patches, places.reshape(trials, grid, grid, width))
                .reshape(trials, grid * grid, width);
    }

    /** What is predicted of each patch, put where the patch was: [P, grid, grid, p·p·c] → [P, h, w, c]. */
    public Tensor whole(Tensor predicted) {
        int pairs = predicted.dim(0);
        int channels = predicted.width() / (patch * patch);
        return device.swapAxes(predicted.reshape(pairs * grid, grid, patch, patch * channels))  // [P·h/p, p, w/p, p·c]
                .reshape(pairs, grid * patch, grid * patch, channels);
    }

    @Override
    public void close() {
        device.release(positions);
        firsts.values().forEach(device::release);
    }
}
