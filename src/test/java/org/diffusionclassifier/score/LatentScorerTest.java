package org.diffusionclassifier.score;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.diffusionclassifier.checkpoint.Checkpoint;
import org.diffusionclassifier.checkpoint.Component;
import org.diffusionclassifier.checkpoint.Layout;
import org.diffusionclassifier.checkpoint.ModelSpec;
import org.diffusionclassifier.checkpoint.Origin;
import org.diffusionclassifier.checkpoint.SafetensorsWeights;
import org.diffusionclassifier.config.DitConfig;
import org.diffusionclassifier.config.JsonConfig;
import org.diffusionclassifier.config.ScheduleConfig.BetaSchedule;
import org.diffusionclassifier.config.ScheduleConfig.PredictionType;
import org.diffusionclassifier.config.ScheduleConfig;
import org.diffusionclassifier.config.TokenizerTables;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Philox;
import org.diffusionclassifier.device.cpu.CpuDevice;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.model.Conditioning;
import org.diffusionclassifier.model.LatentModel;
import org.diffusionclassifier.model.Latents;
import org.diffusionclassifier.model.NoiseProcess;
import org.diffusionclassifier.model.dit.DitModel;
import org.diffusionclassifier.strategy.AdaptiveEvaluation;
import org.diffusionclassifier.strategy.Prediction;
import org.diffusionclassifier.strategy.StagedElimination;
import org.diffusionclassifier.strategy.TrialPlan;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.tensor.Weights;
import org.diffusionclassifier.testing.Golden;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * {@link LatentScorer} on a DiT made by hand: every block gates itself away, the last norm scales by 0, and what remains is
 * its shift, so that the prediction is one number for each label, ε̂ = silu(TABLE[label]), whatever the image; v is 0.
 * Every error is then known from the noise alone.
 */
class LatentScorerTest {

    private static final Path AUTOENCODER = Golden.of("vae-tiny");
    private static final long SEED = 11;
    private static final double[] TABLE = {1.5, 0.9, -0.02, 2.5, 0.5, 1.2};
    private static final int BEST = 2;
    private static final DitConfig CONFIG = new DitConfig(8, 4, 8, 2, 2, 2, 8, TABLE.length, 1e-6f, 0);
    private static final ScheduleConfig SCHEDULE =
            new ScheduleConfig(1000, 1e-4, 0.02, BetaSchedule.LINEAR, PredictionType.EPSILON);
    private static final RgbImage IMAGE = new RgbImage(20, 17, new byte[3 * 20 * 17]);

    private final Device device = new CpuDevice(DType.F32);
    private final LatentModel model = new DitModel(new HandMade(CONFIG), device);
    private final List<Conditioning> conditionings = new ArrayList<>();

    @AfterEach
    void close() {
        conditionings.forEach(Conditioning::close);
        model.close();
        device.close();
    }

    private LatentScorer scorer(Objective objective, int batchSize, Integer... labels) {
        var conditioning = model.conditioner().encode(Stream.of(labels).map(String::valueOf).toList());
        conditionings.add(conditioning);
        return new LatentScorer(model, conditioning, new Noise.Seeded(SEED), objective, batchSize);
    }

    /** The i-th prompt is the i-th label given, not label i; batches end within trials. */
    @ParameterizedTest
    @EnumSource(Objective.class)
    void scoresEveryPairByTheNoise(Objective objective) {
        int[] labels = {4, 0, 2};
        var round = new Round(List.of(new Trial(500, 3), new Trial(2, 0), new Trial(0, 1)), List.of(0, 1, 2));
        try (var scorer = scorer(objective, 4, 4, 0, 2)) {
            scorer.show(IMAGE);
            float[][] errors = scorer.errors(round);
            float[] x0 = device.read(model.latent(IMAGE));
            for (int i = 0; i < 3; i++) {
                Trial trial = round.trials().get(i);
                if (trial.timestep() == 0 && objective.hasBound()) {
                    assertTrue(errors[i][0] > 0 && x0.length == 256);   // of grey levels: VariationalBoundTest
                    continue;
                }
                for (int j = 0; j < 3; j++) {
                    double expected = expected(objective, trial, silu(TABLE[labels[j]]));
                    assertEquals(expected, errors[i][j], 2e-5 * expected, trial + ", prompt " + j);
                }
            }
        }
    }

    /** Of a bound, where the squares lie. Noise is counted channel by channel, maps are not. */
    @ParameterizedTest
    @EnumSource(Objective.class)
    void mapsEveryPromptByTheNoise(Objective objective) {
        var round = new Round(List.of(new Trial(500, 3), new Trial(2, 0), new Trial(0, 1)), List.of(0, 1));
        try (var scorer = scorer(objective, 4, 4, 2)) {
            scorer.show(IMAGE);
            double[][] maps = scorer.errorMaps(round);
            assertEquals(8, scorer.size());
            for (int place = 0; place < 64; place++) {
                for (int j = 0; j < 2; j++) {
                    double sum = 0;
                    for (Trial trial : round.trials()) {
                        float[] epsilon = new float[8 * 8 * 4];
                        Philox.normals(SEED, trial.noiseIndex(), epsilon, epsilon.length);
                        for (int channel = 0; channel < 4; channel++) {
                            double d = Math.abs(epsilon[64 * channel + place] - silu(TABLE[j == 0 ? 4 : 2]));
                            sum += switch (objective) {
                                case L1 -> d;
                                case HUBER -> d <= 1 ? d * d / 2 : d - 0.5;
                                default -> d * d;
                            };
                        }
                    }
                    assertEquals(sum / 12, maps[j][place], 2e-5 * sum, "place " + place + ", prompt " + j);
                }
            }
        }
    }

    /** Each error, and each place of a map, is the unweighted one times its timestep's factor. */
    @ParameterizedTest
    @EnumSource(value = Objective.class, names = {"L2", "NORM", "VB"})
    void errorsCountByTheirTimestep(Objective objective) {
        var factors = new float[1000];
        factors[500] = 3;
        factors[2] = 0.25f;
        var round = new Round(List.of(new Trial(500, 3), new Trial(2, 0), new Trial(7, 1)), List.of(0, 1));
        try (var plain = scorer(objective, 4, 4, 2); var weighted = new LatentScorer(model, model.latents(),
                conditionings.get(0), new Noise.Seeded(SEED), objective, factors, 4)) {
            plain.show(IMAGE);
            weighted.show(IMAGE);
            float[][] errors = plain.errors(round);
            float[][] counted = weighted.errors(round);
            for (int j = 0; j < 2; j++) {
                assertEquals(3 * errors[0][j], counted[0][j]);
                assertEquals(errors[1][j] / 4, counted[1][j]);
                assertEquals(0, counted[2][j]);
            }
            var first = new Round(round.trials().subList(0, 1), List.of(0, 1));
            assertEquals(3 * plain.errorMaps(first)[1][20], weighted.errorMaps(first)[1][20], 1e-6);
        }
    }

    private static double silu(double x) {
        return x / (1 + Math.exp(-x));
    }

    private static double expected(Objective objective, Trial trial, double prediction) {
        float[] epsilon = new float[8 * 8 * 4];
        Philox.normals(SEED, trial.noiseIndex(), epsilon, epsilon.length);
        double beta = 1e-4 + (0.02 - 1e-4) * trial.timestep() / 999;
        var process = NoiseProcess.of(SCHEDULE);
        double before = trial.timestep() == 0 ? 0 : Math.pow(process.level(trial.timestep() - 1), 2);   // 1 − ᾱ
        double now = Math.pow(process.level(trial.timestep()), 2);
        double least = beta * before / now;
        double variance = Math.sqrt(beta * least);                      // v = 0: halfway, of logarithms
        double sum = 0;
        for (float e : epsilon) {
            double d = Math.abs(e - prediction);
            double off = beta / Math.sqrt((1 - beta) * now) * d;
            double bits = 0.5 * (Math.log(variance / least) - 1 + least / variance + off * off / variance) / Math.log(2);
            sum += switch (objective) {
                case L1 -> d;
                case L2, NORM -> d * d;
                case HUBER -> d <= 1 ? d * d / 2 : d - 0.5;
                case VB -> bits;
                case L2_VB -> bits + d * d;
            };
        }
        double mean = sum / epsilon.length;
        return objective == Objective.NORM ? Math.sqrt(mean) : mean;
    }

    /** Whatever is dropped on the way, the winner is that of all trials. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "5,20 | 3,1 | L2", "2,4,20 | 4,2,1 | L1", "1,20 | 2,1 | L2_VB", "4,20 | 1,1 | VB"})
    void strategiesGiveTheAnswerOfAllTrials(String nSamples, String toKeep, Objective objective) {
        Prediction all = classify(List.of(20), List.of(1), objective);
        Prediction staged = classify(integers(nSamples), integers(toKeep), objective);
        assertEquals(BEST, all.winner().prompt());
        assertEquals(BEST, staged.winner().prompt());
        assertEquals(20L * TABLE.length, all.pairs());
        assertTrue(staged.pairs() < all.pairs());
    }

    private Prediction classify(List<Integer> nSamples, List<Integer> toKeep, Objective objective) {
        Integer[] labels = IntStream.range(0, TABLE.length).boxed().toArray(Integer[]::new);
        try (var scorer = scorer(objective, 7, labels)) {
            var plan = TrialPlan.of(scorer.timesteps(), nSamples, 1);
            return new AdaptiveEvaluation(scorer, new StagedElimination(plan, toKeep, TABLE.length)).classify(IMAGE);
        }
    }

    private static List<Integer> integers(String text) {
        return Arrays.stream(text.split(",")).map(Integer::valueOf).toList();
    }

    @Test
    void refusesLabelsBeyondTheModels() {
        String message = assertThrows(InputException.class, () -> scorer(Objective.L2, 4, 0, 6)).getMessage();
        assertEquals("expected labels from 0 to 5, as the model has, found 6", message);
    }

    @Test
    void refusesTheBoundOfAModelWithoutVariances() {
        var narrow = new DitConfig(8, 4, 4, 2, 1, 2, 8, 3, 1e-6f, 0);
        try (var without = new DitModel(new HandMade(narrow), device);
                var conditioning = without.conditioner().encode(List.of("0"))) {
            String message = assertThrows(InputException.class, () -> new LatentScorer(without, conditioning,
                    new Noise.Seeded(0), Objective.VB, 1)).getMessage();
            assertTrue(message.startsWith("loss vb: expected a model that predicts variances"), message);
        }
    }

    @Test
    void refusesTheBoundWhereNoSignalIsLeft() {
        var latents = new Latents(NoiseProcess.of(SCHEDULE.withZeroTerminalSnr(true)), 8, 4, true);
        LatentScorer.requireFits(Objective.L2, latents);
        for (Objective bound : List.of(Objective.VB, Objective.L2_VB)) {
            assertEquals("loss " + bound + ": expected a model that was trained with some signal at every timestep, "
                            + "found one of zero terminal SNR, which has no variational bound",
                    assertThrows(InputException.class, () -> LatentScorer.requireFits(bound, latents)).getMessage());
        }
    }

    /**
     * Zeros, but for the table and the last layers.
     *
     * @param asked shapes of the tensors that were asked for
     */
    private record HandMade(DitConfig transformer, Map<String, List<Integer>> asked, Weights vae)
            implements Checkpoint, Weights {

        HandMade(DitConfig transformer) {
            this(transformer, new HashMap<>(), SafetensorsWeights.open(AUTOENCODER, "diffusion_pytorch_model"));
        }

        @Override
        public ModelSpec spec() {
            return ModelSpec.of(null);
        }

        @Override
        public Set<String> components() {
            return Set.of("transformer", "vae");
        }

        @Override
        public Component component(String name) {
            return name.equals("vae") ? new Component(JsonConfig.read(AUTOENCODER.resolve("config.json")), () -> vae)
                    : new Component(JsonConfig.of(source(), transformer.toDiffusers()), () -> this);
        }

        @Override
        public TokenizerTables tokenizer(String name) {
            throw new AssertionError(name);
        }

        @Override
        public JsonConfig scheduler() {
            return JsonConfig.of(source(), SCHEDULE.toDiffusers());
        }

        @Override
        public JsonConfig index() {
            return JsonConfig.of(source(), Map.of());
        }

        @Override
        public Map<String, Origin> origins(Layout layout) {
            return Map.of();
        }

        @Override
        public String source() {
            return "by hand";
        }

        @Override
        public Set<String> names() {
            return asked.keySet();
        }

        @Override
        public void require(String name, int... shape) {
            asked.put(name, IntStream.of(shape).boxed().toList());
        }

        @Override
        public List<Integer> shape(String name) {
            return asked.get(name);
        }

        @Override
        public DType dtype(String name) {
            return DType.F32;
        }

        @Override
        public void readStored(String name, long first, ByteBuffer destination) {
            destination.order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer()
                    .put(values(name), (int) first, destination.remaining() / Float.BYTES);
            destination.position(destination.limit());
        }

        private float[] values(String name) {
            float[] values = new float[(int) elements(name)];
            int width = transformer.width();
            if (name.endsWith("embedding_table.weight")) {
                for (int label = 0; label < transformer.labels(); label++) {
                    values[label * width] = (float) TABLE[label];
                }
            } else if (name.equals("proj_out_1.weight")) {
                values[0] = 1;                                          // shift of channel 0 = that of the embedding
            } else if (name.equals("proj_out_1.bias")) {
                Arrays.fill(values, width, 2 * width, -1);              // 1 + scale = 0
            } else if (name.equals("proj_out_2.weight")) {
                for (int out = 0; out < values.length / width; out++) {
                    values[out * width] = out % transformer.outChannels() < 4 ? 1 : 0;
                }
            }
            return values;
        }

        @Override
        public void close() {
            vae.close();
        }
    }
}
