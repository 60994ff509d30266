package org.diffusionclassifier.model;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicReference;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Graph;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.testing.Devices;
import org.diffusionclassifier.testing.MapWeights;
import org.diffusionclassifier.testing.Vectors;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A skip with an entry a trial gives what it gives with an entry a pair, which goes another way through the block:
 * {@link GoldenModelsTest} holds both ways to the reference implementation.
 */
class ResnetBlockTest {

    private static final int TIME_WIDTH = 12;
    private static final int HEIGHT = 5;
    private static final int WIDTH = 3;
    private static final int[] TRIAL_OF_PAIR = {0, 0, 1, 1, 1};
    private static final int TRIALS = 2;
    private static final Map<DType, Double> TOLERANCE = Map.of(DType.F32, 1e-6, DType.F16, 2e-3, DType.BF16, 1e-2);

    private final SplittableRandom random = new SplittableRandom(2112_10752L);

    /** In the last two, groups have channels of both inputs, and nothing is the skip's alone. */
    @ParameterizedTest
    @CsvSource({"16,16,16,4,true", "32,16,24,12,true", "8,24,16,4,true", "5,7,24,12,true", "16,8,16,4,false",
        "16,16,8,1,false"})
    void aSkipOfTrialsGivesWhatOneOfPairsGives(int in, int skip, int out, int groups, boolean shares) {
        var weights = weights(in + skip, out);
        var others = weights(8, 5);
        for (DType dtype : Devices.types()) {
            try (Device device = Devices.open(dtype); var layers = new Layers(device)) {
                Tensor x = normal(device, TRIAL_OF_PAIR.length, HEIGHT, WIDTH, in);
                Tensor beside = normal(device, TRIALS, HEIGHT, WIDTH, skip);
                Tensor time = normal(device, TRIALS, TIME_WIDTH);
                Tensor trialOfPair = device.tensor(DType.I32, TRIAL_OF_PAIR.length);
                device.write(trialOfPair, TRIAL_OF_PAIR);
                var results = new float[2][];
                var flops = new long[2];
                for (int i = 0; i < 2; i++) {
                    // Of three blocks' projections, the one in the middle.
                    var other = new TimeProjections.Projection(others.at("time_emb_proj"), 5);
                    var projections = new TimeProjections(TIME_WIDTH, List.of(other,
                            new TimeProjections.Projection(weights.at("time_emb_proj"), out), other), layers);
                    var block = new ResnetBlock(in, skip, i == 1, out, projections.columns().get(1), groups, 1e-5f, weights,
                            layers);
                    var output = new AtomicReference<Tensor>();
                    try (Graph graph = device.record(recorder -> {
                        var rows = new PairRows(device, trialOfPair, TRIALS);
                        output.set(block.forward(x, beside, projections.forward(time, rows), rows));
                        recorder.keep(output.get());
                    })) {
                        graph.run();
                        results[i] = device.read(output.get());
                        flops[i] = graph.flops();
                    }
                }
                Vectors.assertClose("of trials, " + dtype, results[0], results[1], TOLERANCE.get(dtype));
                long ofSkip = 2L * HEIGHT * WIDTH * skip * out * (9 + 1);
                assertEquals(shares ? ofSkip * (TRIAL_OF_PAIR.length - TRIALS) : 0, flops[0] - flops[1]);
            }
        }
    }

    private MapWeights weights(int in, int out) {
        var weights = new MapWeights();
        with(weights, "norm1", in);
        with(weights, "conv1", out, in, 3, 3);
        with(weights, "time_emb_proj", out, TIME_WIDTH);
        with(weights, "norm2", out);
        with(weights, "conv2", out, out, 3, 3);
        with(weights, "conv_shortcut", out, in, 1, 1);
        return weights;
    }

    private void with(MapWeights weights, String layer, int... shape) {
        weights.with(layer + ".weight", normal(shape), shape).with(layer + ".bias", normal(shape[0]), shape[0]);
    }

    private Tensor normal(Device device, int... shape) {
        Tensor tensor = device.tensor(device.dtype(), shape);
        device.write(tensor, normal(shape));
        return tensor;
    }

    private float[] normal(int... shape) {
        float[] values = new float[Arrays.stream(shape).reduce(1, Math::multiplyExact)];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }
}
