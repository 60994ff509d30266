package org.diffusionclassifier.model;

import java.util.ArrayList;
import java.util.List;
import org.diffusionclassifier.device.Attention;
import org.diffusionclassifier.device.Conv2d;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Embedding;
import org.diffusionclassifier.device.GroupNorm;
import org.diffusionclassifier.device.Layer;
import org.diffusionclassifier.device.LayerNorm;
import org.diffusionclassifier.device.Linear;
import org.diffusionclassifier.device.ResidualConv2d;
import org.diffusionclassifier.device.RmsNorm;
import org.diffusionclassifier.tensor.Weights;

/** The layers that one network has had a device make, so that they can be released together. */
public final class Layers implements AutoCloseable {

    private final Device device;
    private final List<Layer> made = new ArrayList<>();

    public Layers(Device device) {
        this.device = device;
    }

    public Device device() {
        return device;
    }

    public Linear linear(Linear.Spec spec, Weights... parts) {
        return own(device.linear(spec, parts));
    }

    public Conv2d conv2d(Conv2d.Spec spec, Weights weights) {
        return own(device.conv2d(spec, weights));
    }

    public ResidualConv2d residualConv2d(ResidualConv2d.Spec spec, Weights weights, Weights shortcut) {
        return own(device.residualConv2d(spec, weights, shortcut));
    }

    public GroupNorm groupNorm(GroupNorm.Spec spec, Weights weights) {
        return own(device.groupNorm(spec, weights));
    }

    public LayerNorm layerNorm(int channels, float epsilon, Weights weights) {
        return own(device.layerNorm(new LayerNorm.Spec(channels, epsilon), weights));
    }

    public RmsNorm rmsNorm(int channels, float epsilon, Weights weights) {
        return own(device.rmsNorm(new RmsNorm.Spec(channels, epsilon), weights));
    }

    public Attention attention(Attention.Spec spec) {
        return own(device.attention(spec));
    }

    public Embedding embedding(int vocabulary, int positions, int width, Weights weights) {
        return own(device.embedding(new Embedding.Spec(vocabulary, positions, width), weights));
    }

    /** Releases {@code layer} with the others. */
    public <T extends Layer> T own(T layer) {
        made.add(layer);
        return layer;
    }

    @Override
    public void close() {
        made.forEach(Layer::close);
        made.clear();
    }
}
