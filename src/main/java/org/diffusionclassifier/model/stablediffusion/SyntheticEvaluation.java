package org.diffusionclassifier.model.stablediffusion;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.diffusionclassifier.config.UNetConfig;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Diffusion.Loss;
import org.diffusionclassifier.device.Diffusion.Measure;
import org.diffusionclassifier.device.Diffusion.Trials;
import org.diffusionclassifier.device.Graph;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.model.Conditioning;
import org.diffusionclassifier.model.Pairs;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.SyntheticWeights;

/**
 * An evaluation of a UNet with random weights, from latent to errors, for measuring and counting: P pairs over M trials,
 * each pair with a caption of its own.
 */
public final class SyntheticEvaluation implements AutoCloseable {

    /** Of CLIP's tokenizer. */
    private static final int CAPTION_TOKENS = 77;

    private final Device device;
    private final List<Tensor> inputs = new ArrayList<>();
    private final UNet unet;
    private final Graph graph;

    /**
     * Of pairs that share nothing: each has a trial of its own.
     *
     * @param pairs P = M
     */
    public SyntheticEvaluation(UNetConfig config, Device device, int pairs) {
        this(config, device, pairs, pairs);
    }

    /** Of pairs that share trials, for latents of the size that the model was trained on. */
    public SyntheticEvaluation(UNetConfig config, Device device, int trialCount, int pairs) {
        this(config, device, trialCount, pairs, config.sampleSize());
    }

    /**
     * Of pairs that share trials as evenly as goes.
     *
     * @param trialCount M, at most P
     * @param pairs      P
     * @param size       height and width of the latent, whatever the model was trained on
     */
    public SyntheticEvaluation(UNetConfig config, Device device, int trialCount, int pairs, int size) {
        this.device = device;
        unet = new UNet(config, new SyntheticWeights(), device);
        int[] eachTrial = IntStream.range(0, trialCount).toArray();
        int[] eachPair = IntStream.range(0, pairs).toArray();
        int[] trialOfPair = IntStream.range(0, pairs).map(pair -> pair * trialCount / pairs).toArray();
        Tensor half = constant(trialCount, (float) Math.sqrt(0.5));
        Tensor ones = constant(trialCount, 1);
        var trials = new Trials(normal(DType.F32, size, size, config.inChannels()), indices(new int[2]),
                indices(eachTrial), half, half, ones, constant(trialCount, 0), ones);
        var asked = new Pairs(constant(trialCount, 500), indices(trialOfPair),
                new Conditioning(device, pairs, context(config, pairs), vectors(config, pairs)), indices(eachPair));
        var measure = new Measure(Loss.L2, false);
        graph = device.record(recorder -> recorder.keep(
                unet.errors(device.diffusion(), trials, asked, measure).mean()));
    }

    /** What the cross-attentions look at: of the shapes that projected captions have. */
    private List<Tensor> context(UNetConfig config, int captions) {
        Tensor states = device.tensor(device.dtype(), captions, CAPTION_TOKENS, config.crossAttentionDim());
        var projected = new AtomicReference<List<Tensor>>();
        try (Graph projection = device.record(recorder -> projected.set(unet.projectContext(states)))) {
            return projected.get().stream().map(part -> normal(part.type(), part.shape())).toList();
        } finally {
            device.release(states);
        }
    }

    /** What SDXL adds to the embedding of the time. */
    private List<Tensor> vectors(UNetConfig config, int captions) {
        return config.added() == null ? List.of()
                : List.of(normal(device.dtype(), captions, 4 * config.blockOutChannels().get(0)));
    }

    private Tensor normal(DType type, int... shape) {
        Tensor tensor = add(device.tensor(type, shape));
        var random = new SplittableRandom(inputs.size());
        float[] values = new float[Math.toIntExact(tensor.elements())];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        device.write(tensor, values);
        return tensor;
    }

    private Tensor constant(int count, float value) {
        Tensor tensor = add(device.tensor(DType.F32, count));
        float[] values = new float[count];
        Arrays.fill(values, value);
        device.write(tensor, values);
        return tensor;
    }

    private Tensor indices(int[] values) {
        Tensor tensor = add(device.tensor(DType.I32, values.length));
        device.write(tensor, values);
        return tensor;
    }

    private Tensor add(Tensor tensor) {
        inputs.add(tensor);
        return tensor;
    }

    /** The recorded evaluation; its one result is the pairs' errors. */
    public Graph graph() {
        return graph;
    }

    @Override
    public void close() {
        graph.close();
        inputs.forEach(device::release);
        unet.close();
    }
}
