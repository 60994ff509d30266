package org.diffusionclassifier.model.stablediffusion;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.diffusionclassifier.config.UNetConfig.BlockKind;
import org.diffusionclassifier.config.UNetConfig.MidBlock;
import org.diffusionclassifier.config.UNetConfig;
import org.diffusionclassifier.device.Activation;
import org.diffusionclassifier.device.Conv2d;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Diffusion.Measure;
import org.diffusionclassifier.device.Diffusion;
import org.diffusionclassifier.device.GroupNorm;
import org.diffusionclassifier.device.Layer;
import org.diffusionclassifier.device.Linear;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.model.Layers;
import org.diffusionclassifier.model.PairRows;
import org.diffusionclassifier.model.Pairs;
import org.diffusionclassifier.model.Probe;
import org.diffusionclassifier.model.ResnetBlock;
import org.diffusionclassifier.model.TimeProjections;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.Weights;

/**
 * The network that predicts the noise in a latent, conditioned on a time and a caption. (Rombach et al., 2022, arXiv
 * 2112.10752; in the form of diffusers' {@code UNet2DConditionModel}: Stable Diffusion's, SDXL's, and what was distilled
 * from these.)
 *
 * <p>It is evaluated for P pairs of a class and a trial of M trials. Down to the first cross-attention nothing depends
 * on the class, and the batch has M entries; from there on it has P. Skip connections taken before keep their M entries
 * until they are used, and what is computed of them alone is computed M times. Where the embedding of the time depends on
 * the caption, as SDXL's does, class and trial meet in the first residual block.
 */
public final class UNet implements Layer {

    private final UNetConfig config;
    private final Layers layers;
    /** The embedding of a guidance scale, which is added to that of the time; null for none. */
    private final Linear guidance;
    /** A guidance scale of 0 for each trial, by the number of trials. */
    private final Map<Integer, Tensor> unguided = new HashMap<>();
    private final Linear time1;
    private final Linear time2;
    private final TimeProjections timeProjections;
    /** Of {@link #timeProjections}, those of the blocks that are still to be built. */
    private final Iterator<TimeProjections.Columns> timeColumns;
    /** What is added to the embedding of the time; null for nothing. */
    private final AddedEmbedding added;
    private final Conv2d convIn;
    private final List<Level> down = new ArrayList<>();
    /** Null if there is no mid block; the other two if it is this residual block alone. */
    private final ResnetBlock mid1;
    private final SpatialTransformer midAttention;
    private final ResnetBlock mid2;
    private final List<Level> up = new ArrayList<>();
    private final GroupNorm normOut;
    private final Conv2d convOut;

    /** The stages of one resolution: residual blocks, each with a transformer or none, then a change of size or none. */
    private record Level(List<ResnetBlock> resnets, List<SpatialTransformer> attentions, Conv2d resize) {
    }

    /** @throws org.diffusionclassifier.tensor.InputException if a tensor is missing or has the wrong shape */
    public UNet(UNetConfig config, Weights w, Device device) {
        this.config = config;
        this.layers = new Layers(device);
        try {
            List<Integer> channels = config.blockOutChannels();
            int first = channels.get(0);
            int last = channels.get(channels.size() - 1);
            Weights time = w.at("time_embedding");
            guidance = config.guidanceWidth() == 0 ? null : layers.linear(
                    Linear.Spec.of(config.guidanceWidth(), first).withoutBias(), time.at("cond_proj"));
            time1 = layers.linear(Linear.Spec.of(first, timeWidth()).then(Activation.SILU), time.at("linear_1"));
            time2 = layers.linear(Linear.Spec.of(timeWidth(), timeWidth()), time.at("linear_2"));
            timeProjections = new TimeProjections(timeWidth(), timeProjections(w), layers);
            timeColumns = timeProjections.columns().iterator();
            added = config.added() == null ? null
                    : new AddedEmbedding(config, timeWidth(), w.at("add_embedding"), layers);
            convIn = layers.conv2d(Conv2d.Spec.of(config.inChannels(), first, 3).noisedInput().thenNormalized(),
                    w.at("conv_in"));
            for (int i = 0; i < channels.size(); i++) {
                down.add(downLevel(i, w.at("down_blocks." + i)));
            }
            Weights mid = w.at("mid_block");
            boolean midAttends = config.midBlock() == MidBlock.CROSS_ATTENTION;
            mid1 = config.midBlock() == MidBlock.NONE ? null : resnet(last, last, mid.at("resnets.0"));
            midAttention = transformer(channels.size() - 1, config.depths().mid(), mid.at("attentions.0"));
            mid2 = midAttends ? resnet(last, last, mid.at("resnets.1")) : null;
            int skips = config.layersPerBlock().stream().mapToInt(resnets -> resnets + 1).sum();
            for (int i = 0; i < channels.size(); i++) {
                up.add(upLevel(i, skips, w.at("up_blocks." + i)));
                skips -= up.get(i).resnets.size();
            }
            normOut = layers.groupNorm(new GroupNorm.Spec(first, config.normGroups(), config.normEps(), true),
                    w.at("conv_norm_out"));
            convOut = layers.conv2d(Conv2d.Spec.of(first, config.outChannels(), 3).measuredOutput(), w.at("conv_out"));
        } catch (RuntimeException e) {
            layers.close();
            throw e;
        }
    }

    public UNetConfig config() {
        return config;
    }

    private int timeWidth() {
        return 4 * config.blockOutChannels().get(0);
    }

    /** Of the residual blocks in the order in which they are built. */
    private List<TimeProjections.Projection> timeProjections(Weights w) {
        var all = new ArrayList<TimeProjections.Projection>();
        List<Integer> channels = config.blockOutChannels();
        int n = channels.size();
        for (int i = 0; i < n; i++) {
            addTimeProjections(config.layersPerBlock().get(i), channels.get(i), w.at("down_blocks." + i), all);
        }
        int mid = switch (config.midBlock()) {
            case NONE -> 0;
            case PLAIN -> 1;
            case CROSS_ATTENTION -> 2;
        };
        addTimeProjections(mid, channels.get(n - 1), w.at("mid_block"), all);
        for (int i = 0; i < n; i++) {
            addTimeProjections(config.layersPerBlock().get(n - 1 - i) + 1, channels.get(n - 1 - i),
                    w.at("up_blocks." + i), all);
        }
        return all;
    }

    private static void addTimeProjections(int blocks, int out, Weights w, List<TimeProjections.Projection> all) {
        for (int j = 0; j < blocks; j++) {
            all.add(new TimeProjections.Projection(w.at("resnets." + j + ".time_emb_proj"), out));
        }
    }

    private Level downLevel(int i, Weights w) {
        int in = config.blockOutChannels().get(Math.max(0, i - 1));
        int out = config.blockOutChannels().get(i);
        var resnets = new ArrayList<ResnetBlock>();
        var attentions = new ArrayList<SpatialTransformer>();
        for (int j = 0; j < config.layersPerBlock().get(i); j++) {
            resnets.add(resnet(j == 0 ? in : out, out, w.at("resnets." + j)));
            attentions.add(transformer(i, config.depths().down().get(i).get(j), w.at("attentions." + j)));
        }
        boolean isLast = i == config.blockOutChannels().size() - 1;
        return new Level(resnets, attentions, isLast ? null : layers.conv2d(
                Conv2d.Spec.of(out, out, 3).halving(Conv2d.Padding.SYMMETRIC).thenNormalized(), w.at("downsamplers.0.conv")));
    }

    /**
     * Level i on the way up has the resolution of level n − 1 − i on the way down, whose outputs it takes as skips.
     *
     * @param skips how many there are still, of which it takes the last ones
     */
    private Level upLevel(int i, int skips, Weights w) {
        List<Integer> channels = config.blockOutChannels();
        int n = channels.size();
        int mirrored = n - 1 - i;
        int out = channels.get(mirrored);
        int below = channels.get(Math.min(n - 1, mirrored + 1));
        int above = channels.get(Math.max(0, mirrored - 1));
        int count = config.layersPerBlock().get(mirrored) + 1;
        var resnets = new ArrayList<ResnetBlock>();
        var attentions = new ArrayList<SpatialTransformer>();
        for (int j = 0; j < count; j++) {
            int skip = j == count - 1 ? above : out;
            resnets.add(resnet(j == 0 ? below : out, skip, skips - j <= skipsOfTrials(), out, w.at("resnets." + j)));
            attentions.add(transformer(mirrored, config.depths().up().get(i).get(j), w.at("attentions." + j)));
        }
        return new Level(resnets, attentions, i == n - 1 ? null
                : layers.conv2d(Conv2d.Spec.of(out, out, 3).doubling().thenNormalized(), w.at("upsamplers.0.conv")));
    }

    /**
     * How many of the skips, the first ones, come with a time that depends on the trial alone from before the first
     * cross-attention: conv_in's at least, unless the time depends on the caption.
     */
    private int skipsOfTrials() {
        if (added != null) {
            return 0;
        }
        int count = 1;
        for (int i = 0; i < config.down().size() && config.down().get(i) == BlockKind.PLAIN; i++) {
            count += config.layersPerBlock().get(i) + 1;
        }
        return count;
    }

    private ResnetBlock resnet(int in, int out, Weights w) {
        return new ResnetBlock(in, out, timeColumns.next(), config.normGroups(), config.normEps(), w, layers);
    }

    private ResnetBlock resnet(int in, int skip, boolean skipOfTrial, int out, Weights w) {
        return new ResnetBlock(in, skip, skipOfTrial, out, timeColumns.next(), config.normGroups(), config.normEps(), w,
                layers);
    }

    /** @param depth blocks; 0 for no transformer, which is null */
    private SpatialTransformer transformer(int level, int depth, Weights w) {
        return depth == 0 ? null : new SpatialTransformer(config.blockOutChannels().get(level),
                config.heads().get(level), depth, config.crossAttentionDim(), config.normGroups(),
                config.linearProjection(), w, layers);
    }

    /**
     * The part of the embedding of the time that depends on the caption alone; of a UNet whose configuration has it.
     *
     * @param text  the captions' vectors, [N, textWidth]
     * @param sizes {@link UNetConfig.Added#SIZES} numbers for each caption, [N, 6] float32
     * @return [N, 4·C₀], the one vector of a {@link org.diffusionclassifier.model.Conditioning}
     */
    public Tensor embedAdded(Tensor text, Tensor sizes) {
        return added.forward(text, sizes);
    }

    /**
     * The part of every cross-attention that depends on the caption alone: its keys and values, side by side.
     *
     * @param context captions' encodings, [N, L, crossAttentionDim]
     * @return [N, L, 2C] for each cross-attention, in the order that {@link #forward} takes them
     */
    public List<Tensor> projectContext(Tensor context) {
        var projected = new ArrayList<Tensor>();
        down.forEach(level -> projectContext(level, context, projected));
        if (midAttention != null) {
            projected.addAll(midAttention.projectContext(context));
        }
        up.forEach(level -> projectContext(level, context, projected));
        return projected;
    }

    private static void projectContext(Level level, Tensor context, List<Tensor> projected) {
        level.attentions.stream().filter(attention -> attention != null)
                .forEach(attention -> projected.addAll(attention.projectContext(context)));
    }

    /**
     * Predicts the noise (or v).
     *
     * @param xt    noised latents, [M, h, w, inChannels]
     * @param probe is shown the intermediate results
     * @return [P, h, w, outChannels], float32
     */
    public Tensor forward(Tensor xt, Pairs pairs, Probe probe) {
        return convOut.forward(features(convIn.forward(xt), pairs, probe));     // [P, h, w, outChannels]
    }

    /** The error of each pair's prediction; neither noised latents nor predictions need memory. */
    public Diffusion.Errors errors(Diffusion diffusion, Diffusion.Trials trials, Pairs pairs, Measure measure) {
        Tensor h = features(convIn.forward(diffusion, trials), pairs, Probe.NONE);          // [P, h, w, C₀]
        return convOut.errors(h, diffusion, trials, pairs.trialOfPair(), measure);          // [P]
    }

    /** All between the first convolution and the last: [M, h, w, C₀] → [P, h, w, C₀]. */
    private Tensor features(Tensor h, Pairs pairs, Probe probe) {
        var rows = new PairRows(layers.device(), pairs.trialOfPair(), pairs.trials());
        var pass = new Pass(rows, timeProjections.forward(time(pairs, rows, probe), rows), pairs.conditioning().context(),
                pairs.promptOfPair());

        probe.at("conv_in", h);                                                 // [M, h, w, C₀]
        Deque<Tensor> skips = new ArrayDeque<>();
        skips.push(h);
        for (int i = 0; i < down.size(); i++) {
            h = pass.down(down.get(i), h, skips);                               // [B, h/2ⁱ⁺¹, w/2ⁱ⁺¹, Cᵢ]
            probe.at("down_blocks." + i, h);
        }
        if (mid1 != null) {
            h = mid1.forward(h, null, pass.time, rows);
            h = pass.attend(midAttention, h);                                   // [P, h/2ⁿ⁻¹, w/2ⁿ⁻¹, Cₙ₋₁]
            h = mid2 == null ? h : mid2.forward(h, null, pass.time, rows);
            probe.at("mid_block", h);
        }
        for (int i = 0; i < up.size(); i++) {
            h = pass.up(up.get(i), h, skips);                                   // [P, h/2ⁿ⁻²⁻ⁱ, .., Cₙ₋₁₋ᵢ]
            probe.at("up_blocks." + i, h);
        }
        return normOut.forward(h);                                              // [P, h, w, C₀]
    }

    /** SiLU of the time embedding, with which every residual block begins: [M, 4C₀], or [P, 4C₀] if it has the caption. */
    private Tensor time(Pairs pairs, PairRows rows, Probe probe) {
        Device device = layers.device();
        Tensor t = device.timestepEmbedding(pairs.times(), config.blockOutChannels().get(0), config.flipSinToCos(),
                config.freqShift());                                            // [M, C₀]
        if (guidance != null) {
            t = guidance.forward(guidanceEmbedding(pairs.trials()), t);
        }
        t = time1.forward(t);                                                   // [M, 4C₀]
        if (added == null) {
            t = time2.forward(t);
            probe.at("time_embedding", t);
            return device.activation(Activation.SILU, t);
        }
        if (probe != Probe.NONE) {
            probe.at("time_embedding", time2.forward(t));   // computed for the probe: below it is one with the sum
        }
        Tensor ofCaption = device.gather(pairs.conditioning().vectors().get(0), pairs.promptOfPair());      // [P, 4C₀]
        return device.activation(Activation.SILU, time2.forward(rows.expand(t, rows.pairs()), ofCaption));
    }

    /**
     * Of no guidance, w = 0: sines and cosines as of a time (Luo et al., 2023, arXiv 2310.04378, section 4.2, where a
     * guided prediction is that for a caption plus w times its difference from that for none).
     */
    private Tensor guidanceEmbedding(int trials) {
        Tensor zeros = unguided.computeIfAbsent(trials, m -> layers.device().tensor(DType.F32, m));
        return layers.device().timestepEmbedding(zeros, config.guidanceWidth(), false, 1);     // [M, guidanceWidth]
    }

    /** What all blocks of one forward pass share. */
    private static final class Pass {

        private final PairRows rows;
        private final TimeProjections.Shifts time;
        private final Iterator<Tensor> context;
        private final Tensor promptOfPair;

        Pass(PairRows rows, TimeProjections.Shifts time, List<Tensor> context, Tensor promptOfPair) {
            this.rows = rows;
            this.time = time;
            this.context = context.iterator();
            this.promptOfPair = promptOfPair;
        }

        Tensor down(Level level, Tensor h, Deque<Tensor> skips) {
            for (int j = 0; j < level.resnets.size(); j++) {
                h = level.resnets.get(j).forward(h, null, time, rows);
                h = attend(level.attentions.get(j), h);
                skips.push(h);
            }
            if (level.resize != null) {
                h = level.resize.forward(h);
                skips.push(h);
            }
            return h;
        }

        Tensor up(Level level, Tensor h, Deque<Tensor> skips) {
            for (int j = 0; j < level.resnets.size(); j++) {
                h = level.resnets.get(j).forward(h, skips.pop(), time, rows);
                h = attend(level.attentions.get(j), h);
            }
            return level.resize == null ? h : level.resize.forward(h);
        }

        Tensor attend(SpatialTransformer attention, Tensor h) {
            if (attention == null) {
                return h;
            }
            return attention.forward(h, rows, attention.take(context), promptOfPair);
        }
    }

    @Override
    public void close() {
        layers.close();
        unguided.values().forEach(layers.device()::release);
        unguided.clear();
    }
}
