package org.diffusionclassifier.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Diffusion.Loss;
import org.diffusionclassifier.device.Diffusion.Measure;
import org.diffusionclassifier.device.Diffusion.Trials;
import org.diffusionclassifier.device.Diffusion;
import org.diffusionclassifier.device.Graph;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.tensor.DType;

/**
 * An evaluation of a network with random weights, from latent to errors, for measuring and counting: P pairs over M trials,
 * each pair with a caption of its own. Families make the network.
 */
public final class SyntheticEvaluation implements AutoCloseable {

    /** A network with random weights. */
    public interface Network extends AutoCloseable {

        /** Made-up captions of the shapes that it is conditioned on. */
        Conditioning captions(SyntheticEvaluation inputs, int count);

        /** Records the errors of its predictions, [P]. */
        Tensor errors(Diffusion diffusion, Trials trials, Pairs pairs, Measure measure);

        @Override
        void close();
    }

    private final Device device;
    private final List<Tensor> inputs = new ArrayList<>();
    private final Network network;
    private final Graph graph;

    /**
     * Of pairs that share trials as evenly as goes.
     *
     * @param network    closed with this
     * @param trialCount M, at most P
     * @param pairs      P
     * @param size       height and width of the latent
     * @param channels   of the latent
     */
    public SyntheticEvaluation(Network network, Device device, int trialCount, int pairs, int size, int channels) {
        this.device = device;
        this.network = network;
        int[] eachTrial = IntStream.range(0, trialCount).toArray();
        int[] eachPair = IntStream.range(0, pairs).toArray();
        int[] trialOfPair = IntStream.range(0, pairs).map(pair -> pair * trialCount / pairs).toArray();
        Tensor half = constant(trialCount, (float) Math.sqrt(0.5));
        Tensor ones = constant(trialCount, 1);
        var trials = new Trials(normal(DType.F32, size, size, channels), indices(new int[2]), indices(eachTrial), half, half,
                ones, constant(trialCount, 0), ones);
        var asked = new Pairs(constant(trialCount, 500), indices(trialOfPair), network.captions(this, pairs),
                indices(eachPair));
        var measure = new Measure(Loss.L2, false);
        graph = device.record(recorder -> recorder.keep(network.errors(device.diffusion(), trials, asked, measure)));
    }

    /** A persistent tensor of normal numbers, which is released with this. */
    public Tensor normal(DType type, int... shape) {
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
        network.close();
    }
}
