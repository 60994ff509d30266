package org.diffusionclassifier.model.dit;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.diffusionclassifier.config.DitConfig;
import org.diffusionclassifier.device.Conv2d;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Linear;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.model.Conditioning;
import org.diffusionclassifier.model.Layers;
import org.diffusionclassifier.model.MatrixFilters;
import org.diffusionclassifier.model.PairRows;
import org.diffusionclassifier.model.Pairs;
import org.diffusionclassifier.model.Patches;
import org.diffusionclassifier.tensor.Weights;

/**
 * The transformer that predicts the noise in a latent, conditioned on a time and a class label. (Peebles and Xie,
 * <i>Scalable Diffusion Models with Transformers</i>, 2023, arXiv 2212.09748; in the form of diffusers'
 * {@code DiTTransformer2DModel}.)
 *
 * <p>It is evaluated for P pairs of a label and a trial of M trials. Every block is conditioned on both, so that the
 * patches' embedding alone is computed once a trial.
 */
public final class Dit implements AutoCloseable {

    private static final float NORM_EPSILON = 1e-6f;

    private final DitConfig config;
    private final Layers layers;
    private final Patches patches;
    /** One a block in diffusers' form; where they are equal, as in all published models, it is the same one for all. */
    private final List<TimestepAndLabel> embeddings = new ArrayList<>();
    private final List<DitBlock> blocks = new ArrayList<>();
    private final Linear modulateOut;
    private final Conv2d out;

    /** @throws org.diffusionclassifier.tensor.InputException if a tensor is missing or has the wrong shape */
    public Dit(DitConfig config, Weights w, Device device) {
        this.config = config;
        this.layers = new Layers(device);
        try {
            int width = config.width();
            int patch = config.patchSize() * config.patchSize();
            patches = layers.own(new Patches(config.grid(), config.patchSize(), config.inChannels(), width,
                    w.at("pos_embed.proj"), positions(config.grid(), width), layers));
            float[][] first = null;
            for (int i = 0; i < config.layers(); i++) {
                Weights block = w.at("transformer_blocks." + i);
                float[][] values = TimestepAndLabel.read(config, block.at("norm1.emb"));
                first = i == 0 ? values : first;
                embeddings.add(i > 0 && Arrays.deepEquals(values, first) ? embeddings.get(0)
                        : layers.own(new TimestepAndLabel(config, block.at("norm1.emb"), values, layers)));
                blocks.add(new DitBlock(config, block, layers));
            }
            modulateOut = layers.linear(Linear.Spec.of(width, 2 * width), w.at("proj_out_1"));
            out = layers.conv2d(Conv2d.Spec.of(width, patch * config.outChannels(), 1).toFloat(),
                    new MatrixFilters(w.at("proj_out_2")));
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    public DitConfig config() {
        return config;
    }

    /**
     * Where a patch is: a quarter of the width is sines of its column, a quarter cosines, and the same of its row, at
     * frequencies ω_i = 10000^(−i / (width/4)) (the reference implementation's {@code get_2d_sincos_pos_embed}).
     *
     * @return [grid², width], row-major over the patches
     */
    static float[] positions(int grid, int width) {
        int quarter = width / 4;
        float[] table = new float[grid * grid * width];
        for (int token = 0; token < grid * grid; token++) {
            for (int i = 0; i < quarter; i++) {
                double frequency = Math.pow(10000, -(double) i / quarter);
                int at = token * width + i;
                table[at] = (float) Math.sin(token % grid * frequency);
                table[at + quarter] = (float) Math.cos(token % grid * frequency);
                table[at + 2 * quarter] = (float) Math.sin(token / grid * frequency);
                table[at + 3 * quarter] = (float) Math.cos(token / grid * frequency);
            }
        }
        return table;
    }

    /**
     * The rows of labels in each distinct table of embeddings.
     *
     * @param labels in [0, labels], the last standing for none
     */
    public Conditioning embed(int... labels) {
        return new Conditioning(layers.device(), labels.length, List.of(),
                embeddings.stream().distinct().map(each -> each.rows(labels)).toList());
    }

    /**
     * Predicts the noise; with twice the latent's channels, a variance behind it.
     *
     * @param xt noised latents, [M, h, w, inChannels], h = w = {@code sampleSize}
     * @return [P, h, w, outChannels], float32
     */
    public Tensor forward(Tensor xt, Pairs pairs) {
        var rows = new PairRows(layers.device(), pairs.trialOfPair(), pairs.trials());
        var labels = pairs.conditioning().vectors().iterator();
        var vectors = new IdentityHashMap<TimestepAndLabel, Tensor>();          // [P, C]
        embeddings.forEach(each -> vectors.computeIfAbsent(each, one -> one.forward(pairs, labels.next(), rows)));

        Tensor h = rows.expand(patches.embed(xt), rows.pairs());                // [P, L, C]
        for (int i = 0; i < blocks.size(); i++) {
            h = blocks.get(i).forward(h, vectors.get(embeddings.get(i)));             // [P, L, C]
        }
        int width = config.width();
        Tensor last = modulateOut.forward(vectors.get(embeddings.get(0)));            // [P, 2C]: shift, scale
        h = layers.device().adaptiveNorm(h, last.columns(0, width), last.columns(width, width), NORM_EPSILON);
        int grid = config.grid();
        h = out.forward(h.reshape(rows.pairs(), grid, grid, width));            // [P, h/p, w/p, p·p·out]
        return patches.whole(h);
    }

    @Override
    public void close() {
        layers.close();
    }
}
