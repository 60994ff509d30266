package org.diffusionclassifier.model;

import org.diffusionclassifier.config.DitConfig;
import org.diffusionclassifier.device.Activation;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Layer;
import org.diffusionclassifier.device.Linear;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.tensor.Weights;

/**
 * The vector that a block of a diffusion transformer is conditioned on: the time's embedding, through an MLP, plus the
 * label's row of a table. (diffusers' {@code CombinedTimestepLabelEmbeddings}.)
 */
final class TimestepAndLabel implements Layer {

    /** Sines and cosines of the time. */
    private static final int FREQUENCIES = 256;

    private final DitConfig config;
    private final Device device;
    private final Linear time1;
    private final Linear time2;
    private final Tensor table;

    /** @param values what {@link #read} gives of {@code w} */
    TimestepAndLabel(DitConfig config, Weights w, float[][] values, Layers layers) {
        this.config = config;
        this.device = layers.device();
        int width = config.width();
        time1 = layers.linear(Linear.Spec.of(FREQUENCIES, width).then(Activation.SILU),
                w.at("timestep_embedder.linear_1"));
        time2 = layers.linear(Linear.Spec.of(width, width), w.at("timestep_embedder.linear_2"));
        table = device.tensor(device.dtype(), config.labels() + 1, width);
        device.write(table, values[0]);
    }

    /** All of its weights, by which to find blocks that are conditioned on the same vector; the table first. */
    static float[][] read(DitConfig config, Weights w) {
        int width = config.width();
        Weights time1 = w.at("timestep_embedder.linear_1");
        Weights time2 = w.at("timestep_embedder.linear_2");
        return new float[][] {
            w.floats("class_embedder.embedding_table.weight", config.labels() + 1, width),
            time1.floats("weight", width, FREQUENCIES), time1.floats("bias", width),
            time2.floats("weight", width, width), time2.floats("bias", width)};
    }

    /** SiLU of the vector of each pair, [P, C]: all that takes it begins with that. */
    Tensor forward(Dit.Pairs pairs, PairRows rows) {
        Tensor t = device.timestepEmbedding(pairs.times(), FREQUENCIES, true, config.freqShift());  // [M, 256]
        Tensor label = device.gather(table, pairs.pairLabel());                 // [P, C]
        t = rows.expand(time1.forward(t), rows.pairs());                        // [P, C]
        return device.activation(Activation.SILU, time2.forward(t, label));
    }

    @Override
    public void close() {
        device.release(table);
    }
}
