package org.diffusionclassifier.model.dit;

import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.diffusionclassifier.checkpoint.Checkpoint;
import org.diffusionclassifier.checkpoint.Layout;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.model.LatentModel;
import org.diffusionclassifier.model.Latents;
import org.diffusionclassifier.model.ModelFamily;

/** Class-conditional diffusion transformers. (Peebles and Xie, 2023, arXiv 2212.09748.) */
public final class DitFamily implements ModelFamily {

    @Override
    public String name() {
        return "DiT";
    }

    @Override
    public List<String> components() {
        return List.of(DitParts.VAE, DitParts.TRANSFORMER);
    }

    @Override
    public boolean recognises(Checkpoint checkpoint) {
        return checkpoint.components().contains(DitParts.TRANSFORMER);
    }

    @Override
    public Layout layout(Checkpoint checkpoint) {
        return DitParts.read(checkpoint).layout();
    }

    @Override
    public Optional<List<String>> labels(Checkpoint checkpoint) {
        DitParts parts = DitParts.read(checkpoint);
        return Optional.of(!parts.labelNames().isEmpty() ? parts.labelNames()
                : IntStream.range(0, parts.transformer().labels()).mapToObj(String::valueOf).toList());
    }

    @Override
    public Latents latents(Checkpoint checkpoint) {
        return DitParts.read(checkpoint).latents();
    }

    @Override
    public LatentModel load(Checkpoint checkpoint, Device device) {
        return new DitModel(checkpoint, device);
    }
}
