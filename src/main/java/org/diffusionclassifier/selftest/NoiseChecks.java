package org.diffusionclassifier.selftest;

import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Diffusion.Trials;
import org.diffusionclassifier.device.Graph;
import org.diffusionclassifier.device.Philox;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.tensor.DType;

/**
 * Noise against known answers. The words are those published with the algorithm (Random123's known-answer tests for
 * philox4x32-10, all counters and keys 0 and all 1); the normals follow from the definition in {@link Philox}, computed
 * elsewhere in double precision.
 */
final class NoiseChecks {

    private static final double ALLOWED = 1e-5;

    private record Words(int input, int[] words) {
    }

    private static final List<Words> WORDS = List.of(
            new Words(0, new int[] {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}),
            new Words(-1, new int[] {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));

    private record Normals(long seed, int noise, float[] first) {
    }

    private static final List<Normals> NORMALS = List.of(
            new Normals(0, 0, new float[] {0.9911377f, -0.9246626f, -0.617609f, -0.4820686f, -0.1536382f, 0.1808259f,
                0.8317351f, 0.1974397f}),
            new Normals(0, 999, new float[] {-1.182999f, -0.9232253f, 0.9012544f, -0.411814f, -0.16507f, -0.3517526f,
                -0.4174687f, 1.4229892f}),
            new Normals(42, 0, new float[] {-0.9701898f, 0.194019f, -1.2356207f, 1.9239268f, -0.0731815f, 0.1391375f,
                -1.106665f, 0.326683f}));

    private NoiseChecks() {
    }

    /** @param unit relative rounding of the device's type */
    static List<Check> of(Device device, double unit) {
        return List.of(new Check("noise", "the published words", 0, NoiseChecks::wordsThatDiffer),
                new Check("noise", "known normals of three noises, by one graph", ALLOWED + unit,
                        () -> normalsMiss(device)));
    }

    private static double wordsThatDiffer() {
        int differ = 0;
        for (Words answer : WORDS) {
            int[] counter = IntStream.generate(answer::input).limit(4).toArray();
            Philox.block(counter, answer.input, answer.input);
            for (int i = 0; i < counter.length; i++) {
                differ += counter[i] == answer.words[i] ? 0 : 1;
            }
        }
        return differ;
    }

    /** x_t of an empty latent is the noise itself. Elements are counted channel by channel, and stored pixel by pixel. */
    private static double normalsMiss(Device device) {
        int height = 2;
        int width = 3;
        int channels = 4;
        Tensor x0 = device.tensor(DType.F32, height, width, channels);
        Tensor seed = device.tensor(DType.I32, 2);
        Tensor index = device.tensor(DType.I32, 1);
        Tensor zero = device.tensor(DType.F32, 1);
        Tensor one = device.tensor(DType.F32, 1);
        device.write(one, new float[] {1});
        var trials = new Trials(x0, seed, index, zero, one, one, zero, one);
        var noised = new AtomicReference<Tensor>();
        double worst = 0;
        try (Graph graph = device.record(recorder -> {
            noised.set(device.diffusion().addNoise(trials));
            recorder.keep(noised.get());
        })) {
            for (Normals answer : NORMALS) {
                device.write(seed, Philox.key(answer.seed));
                device.write(index, new int[] {answer.noise});
                graph.run();
                float[] found = device.read(noised.get());
                int pixels = height * width;
                for (int i = 0; i < answer.first.length; i++) {
                    double miss = Math.abs(found[i % pixels * channels + i / pixels] - answer.first[i])
                            / Math.max(1, Math.abs(answer.first[i]));
                    worst = miss <= worst ? worst : miss;
                }
            }
        } finally {
            List.of(x0, seed, index, zero, one).forEach(device::release);
        }
        return worst;
    }
}
