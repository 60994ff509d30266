package org.diffusionclassifier.model.sd3;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import org.diffusionclassifier.config.MmditConfig;
import org.diffusionclassifier.device.Activation;
import org.diffusionclassifier.device.Conv2d;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Layer;
import org.diffusionclassifier.device.Linear;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.model.Layers;
import org.diffusionclassifier.model.MatrixFilters;
import org.diffusionclassifier.model.PairRows;
import org.diffusionclassifier.model.Pairs;
import org.diffusionclassifier.model.Patches;
import org.diffusionclassifier.model.Probe;
import org.diffusionclassifier.tensor.Weights;

/**
 * The multimodal diffusion transformer of Stable Diffusion 3: it predicts the velocity of a latent, conditioned on a time
 * and a caption, whose tokens and the image's attend to each other. (Esser et al., <i>Scaling Rectified Flow Transformers
 * for High-Resolution Image Synthesis</i>, 2024, arXiv 2403.03206, section 4 and figure 2; in the form of diffusers'
 * {@code SD3Transformer2DModel}.)
 *
 * <p>It is evaluated for P pairs of a caption and a trial of M trials. Every block is modulated by both, so that the
 * patches' embedding alone is computed once a trial. {@link CaptionEmbedding} is computed once a caption.
 */
public final class Mmdit implements Layer {

    static final float NORM_EPSILON = 1e-6f;

    /** Sines and cosines of the time. */
    private static final int FREQUENCIES = 256;

    private final MmditConfig config;
    private final Layers layers;
    private final Linear time1;
    private final Linear time2;
    private final Patches patches;
    private final List<JointBlock> blocks = new ArrayList<>();
    private final Linear modulateOut;
    private final Conv2d out;

    /** @throws org.diffusionclassifier.tensor.InputException if a tensor is missing or has the wrong shape */
    public Mmdit(MmditConfig config, Weights w, Device device) {
        this.config = config;
        this.layers = new Layers(device);
        int width = config.width();
        try {
            Weights time = w.at("time_text_embed.timestep_embedder");
            time1 = layers.linear(Linear.Spec.of(FREQUENCIES, width).then(Activation.SILU), time.at("linear_1"));
            time2 = layers.linear(Linear.Spec.of(width, width), time.at("linear_2"));
            patches = layers.own(new Patches(config.grid(), config.patchSize(), config.inChannels(), width,
                    w.at("pos_embed.proj"), positions(config, w), layers));
            for (int i = 0; i < config.layers(); i++) {
                blocks.add(new JointBlock(config, i, w.at("transformer_blocks." + i), layers));
            }
            modulateOut = layers.linear(Linear.Spec.of(width, 2 * width), w.at("norm_out.linear"));
            int patch = config.patchSize() * config.patchSize();
            out = layers.conv2d(Conv2d.Spec.of(width, patch * config.outChannels(), 1).toFloat(),
                    new MatrixFilters(w.at("proj_out")));
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    /** The square in the middle of the table of positions, which is for larger latents, too: [grid², C]. */
    private static float[] positions(MmditConfig config, Weights w) {
        String name = "pos_embed.pos_embed";
        int grid = config.grid();
        int most = config.positions();
        int width = config.width();
        w.require(name, 1, most * most, width);
        var values = FloatBuffer.allocate(grid * grid * width);
        int first = (most - grid) / 2;
        for (int row = 0; row < grid; row++) {
            long at = (long) (first + row) * most + first;
            w.read(name, at * width, values.slice(row * grid * width, grid * width));
        }
        return values.array();
    }

    public MmditConfig config() {
        return config;
    }

    /**
     * Predicts ε − x₀.
     *
     * @param xt    noised latents, [M, h, w, inChannels], h = w = {@code sampleSize}
     * @param pairs conditioned on what {@link CaptionEmbedding} makes: one context [N, L, C], one vector [N, C]
     * @return [P, h, w, outChannels], float32
     */
    public Tensor forward(Tensor xt, Pairs pairs, Probe probe) {
        Device device = layers.device();
        var rows = new PairRows(device, pairs.trialOfPair(), pairs.trials());
        int width = config.width();

        Tensor vector = device.gather(pairs.conditioning().vectors().get(0), pairs.promptOfPair());      // [P, C]
        Tensor time = time1.forward(device.timestepEmbedding(pairs.times(), FREQUENCIES, true, 0));      // [M, C]
        Tensor both = time2.forward(rows.expand(time, rows.pairs()), vector);   // [P, C]
        probe.at("time_text_embed", both);
        Tensor condition = device.activation(Activation.SILU, both);

        Tensor image = rows.expand(patches.embed(xt), rows.pairs());            // [P, grid², C]
        probe.at("pos_embed", image);
        Tensor caption = device.gather(pairs.conditioning().context().get(0), pairs.promptOfPair());     // [P, L, C]
        var tokens = new JointBlock.Tokens(image, caption);
        for (int i = 0; i < blocks.size(); i++) {
            tokens = blocks.get(i).forward(tokens, condition);
            probe.at("transformer_blocks." + i + ".hidden", tokens.image());
            if (!config.isLast(i)) {
                probe.at("transformer_blocks." + i + ".context", tokens.caption());
            }
        }
        Tensor last = modulateOut.forward(condition);                           // [P, 2C]: scale, shift
        Tensor h = device.adaptiveNorm(tokens.image(), last.columns(width, width), last.columns(0, width), NORM_EPSILON);
        probe.at("norm_out", h);
        h = out.forward(h.reshape(rows.pairs(), config.grid(), config.grid(), width));  // [P, h/p, w/p, p·p·out]
        return patches.whole(h);
    }

    @Override
    public void close() {
        layers.close();
    }
}
