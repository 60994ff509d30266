package org.diffusionclassifier.score;

import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.IntPredicate;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Diffusion.Loss;
import org.diffusionclassifier.device.Diffusion.Measure;
import org.diffusionclassifier.device.Diffusion;
import org.diffusionclassifier.device.Philox;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.model.Conditioning;
import org.diffusionclassifier.model.LatentModel;
import org.diffusionclassifier.model.Latents;
import org.diffusionclassifier.model.Pairs;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.InputException;

/**
 * Scores by a latent diffusion model, of whichever family. Pairs are batched trial by trial, across prompts and timesteps,
 * so that every batch but a round's last is full and what prompts share is computed once a trial. Model and conditioning
 * belong to the caller and have to stay open.
 */
public final class LatentScorer implements Scorer {

    /** Batch shapes kept recorded; staged elimination needs two a stage, maps two a picture. */
    private static final int GRAPHS = 16;

    private final LatentModel model;
    private final Conditioning conditioning;
    private final Objective objective;
    private final float[] factors;
    private final Device device;
    private final Latents latents;
    private final Diffusion diffusion;
    private final int[] seed;
    private final Tensor x0;
    private final Map<String, PairBatch> batches = new LinkedHashMap<>(16, 0.75f, true);
    private final Map<Integer, Integer> firstOfRow = new HashMap<>();
    private int batchSize;

    /** Of timesteps that count alike. */
    public LatentScorer(LatentModel model, Conditioning conditioning, Noise noise, Objective objective, int batchSize) {
        this(model, model.latents(), conditioning, noise, objective, batchSize);
    }

    /**
     * Likewise.
     *
     * @param latents the model's, which may have another noise process, to read its outputs or measure its errors by
     */
    public LatentScorer(LatentModel model, Latents latents, Conditioning conditioning, Noise noise, Objective objective,
            int batchSize) {
        this(model, latents, conditioning, noise, objective, new TimestepWeights.Uniform().factors(latents.noise(),
                TimestepRange.all(latents.noise().timesteps())), batchSize);
    }

    /**
     * Of timesteps each of which counts as much as its factor says.
     *
     * @param latents      as above
     * @param conditioning of the prompts
     * @param noise        its table, if given, holds [N, h, w, c] of the model's latent
     * @param factors      [T], what errors are multiplied by at each timestep: see {@link TimestepWeights#factors}
     * @param batchSize    pairs evaluated at once, at least 1
     * @throws InputException if the objective needs variances that the model does not predict
     */
    public LatentScorer(LatentModel model, Latents latents, Conditioning conditioning, Noise noise,
            Objective objective, float[] factors, int batchSize) {
        requireFits(objective, latents);
        this.model = model;
        this.conditioning = conditioning;
        this.objective = objective;
        this.factors = factors;
        this.device = model.device();
        this.latents = latents;
        this.diffusion = device.diffusion(noise instanceof Noise.Given given ? given.table() : null);
        this.seed = Philox.key(noise instanceof Noise.Seeded seeded ? seeded.seed() : 0);
        this.x0 = device.tensor(DType.F32, latents.size(), latents.size(), latents.channels());
        this.batchSize = batchSize;
        for (int prompt = 0; prompt < conditioning.prompts(); prompt++) {
            firstOfRow.putIfAbsent(conditioning.rows().get(prompt), prompt);
        }
    }

    /** @throws InputException if it takes the bound and the model predicts no variances, or its noise has none */
    public static void requireFits(Objective objective, Latents latents) {
        if (objective.hasBound() && !latents.predictsVariance()) {
            throw InputException.of("%s %s: expected a model that predicts variances, as DiT does",
                    InputException.field("loss"), objective);
        }
        if (objective.hasBound() && !latents.noise().hasBound()) {
            throw InputException.of("%s %s: expected a model that was trained with some signal at every timestep, "
                    + "found one of zero terminal SNR, which has no variational bound", InputException.field("loss"),
                    objective);
        }
    }

    /** Records a batch's way from latent to errors, [P], or to where they lie, [P, size, size]. */
    private Tensor evaluate(PairBatch.Asked asked, boolean map) {
        var pairs = new Pairs(asked.times(), asked.trialOfPair(), conditioning, asked.pairClass());
        if (objective.hasBound() && !map) {
            return diffusion.bound(model.predict(diffusion, asked.trials(), pairs), asked.trials(), asked.steps(),
                    asked.trialOfPair(), objective.loss() == Loss.L2);
        }
        var measure = new Measure(map ? objective.lossOfMaps() : objective.loss(), map);
        Diffusion.Errors errors = model.errors(diffusion, asked.trials(), pairs, measure);
        return map ? errors.map() : errors.mean();
    }

    /** What the model sees of an image: resized, the middle square cut out. */
    public RgbImage seen(RgbImage image) {
        return model.seen(image);
    }

    /** Halves the batch until its activations fit into the device's memory, or it is one pair. */
    public void fitBatchToMemory() {
        long capacity = device.activationCapacity();
        while (batchSize > 1 && capacity < Long.MAX_VALUE && activations(batchSize) > capacity) {
            batchSize /= 2;
        }
    }

    /** Bytes that a batch takes at the most: each of its pairs of another trial. */
    private long activations(int pairs) {
        try (PairBatch batch = record(pairs, pairs, false)) {
            return batch.arenaBytes();
        }
    }

    public int batchSize() {
        return batchSize;
    }

    /** How many pairs a round should have where its size is free: as few as keep the device busy. */
    public int pairsAhead() {
        return Math.min(batchSize, Math.max(1, device.latentPixelsAtLeast() / (x0.dim(0) * x0.dim(1))));
    }

    @Override
    public int prompts() {
        return conditioning.prompts();
    }

    @Override
    public int first(int prompt) {
        return firstOfRow.get(conditioning.rows().get(prompt));
    }

    @Override
    public int elements() {
        return latents.elements();
    }

    @Override
    public int timesteps() {
        return latents.noise().timesteps();
    }

    @Override
    public void show(RgbImage image) {
        device.copy(model.latent(image), x0);
    }

    @Override
    public float[][] errors(Round round) {
        return errors(round, (errors, trials) -> true);
    }

    @Override
    public float[][] errors(Round round, Batches batches) {
        int across = round.prompts().size();
        var errors = new float[round.trials().size()][across];
        int done = forEachPair(round, batch -> true, false,
                (trial, prompt, evaluated, at) -> errors[trial][prompt] = evaluated[at],
                pairs -> batches.next(errors, pairs / across));
        return Arrays.copyOf(errors, done / across);
    }

    /**
     * The errors of a share of a round's batches, cut as for the whole round. The others are recorded, too, though not
     * run: a device's layouts are settled by the shapes that it meets first, and rounding goes by them.
     *
     * @param share  of the batches, every {@code shares}-th from this on
     * @param errors gets them
     */
    void errors(Round round, int share, int shares, float[][] errors) {
        forEachPair(round, batch -> batch % shares == share, false,
                (trial, prompt, evaluated, at) -> errors[trial][prompt] = evaluated[at], pairs -> true);
    }

    /**
     * The errors of a range of a round's pairs, in batches that are cut as for the whole round. Here, too, the others
     * are recorded.
     *
     * @param pairs begins at a batch, and ends at one or with the round
     */
    public float[] errors(Round round, PairRange pairs) {
        int across = round.prompts().size();
        if (pairs.from() % batchSize != 0 || pairs.to() % batchSize != 0 && pairs.to() != round.pairs()
                || pairs.to() > round.pairs()) {
            throw new IllegalArgumentException(pairs + " of " + round.pairs() + " pairs in batches of " + batchSize);
        }
        var errors = new float[pairs.pairs()];
        forEachPair(round, batch -> batch >= pairs.from() / batchSize && batch * batchSize < pairs.to(), false,
                (trial, prompt, evaluated, at) -> errors[trial * across + prompt - pairs.from()] = evaluated[at],
                done -> true);
        return errors;
    }

    /** Records the batches of a round, and evaluates nothing: layouts are settled as if it had been the first. */
    public void prepare(Round round) {
        forEachPair(round, batch -> false, false, (trial, prompt, evaluated, at) -> { }, done -> true);
    }

    /**
     * Where the errors lie: the loss at each place of the latent, mean over its channels and over the round's trials,
     * which count as much as in {@link #errors}. The norm and the variational bound are not known place by place; of
     * these, the squared error.
     *
     * @param round of one trial at least
     * @return [prompt][size · size], row-major
     */
    public double[][] errorMaps(Round round) {
        var maps = new double[round.prompts().size()][size() * size()];
        forEachPair(round, batch -> true, true, (trial, prompt, evaluated, at) -> {
            for (int i = 0; i < maps[prompt].length; i++) {
                maps[prompt][i] += evaluated[at + i] / (double) round.trials().size();
            }
        }, pairs -> true);
        return maps;
    }

    /** Height and width of the latent. */
    public int size() {
        return x0.dim(0);
    }

    /** Gets what was evaluated for a pair: the numbers from {@code at} on. */
    @FunctionalInterface
    private interface PairConsumer {

        void accept(int trial, int prompt, float[] evaluated, int at);
    }

    /**
     * @param isRun  whether a batch is run, by its number from 0; all are recorded
     * @param goesOn asked after each batch, with how many pairs are done
     * @return how many were done
     */
    private int forEachPair(Round round, IntPredicate isRun, boolean maps, PairConsumer consumer,
            IntPredicate goesOn) {
        int across = round.prompts().size();
        int pairs = round.pairs();
        var rows = new Round(round.trials(), round.prompts().stream().map(conditioning.rows()::get).toList());
        for (int from = 0; from < pairs; from += batchSize) {
            int count = Math.min(batchSize, pairs - from);
            int firstTrial = from / across;
            int trials = (from + count - 1) / across - firstTrial + 1;
            PairBatch batch = batch(trials, count, maps);
            if (!isRun.test(from / batchSize)) {
                continue;
            }
            float[] evaluated = batch.run(rows, from);
            int each = evaluated.length / count;
            for (int i = 0; i < evaluated.length; i++) {
                if (!Float.isFinite(evaluated[i])) {
                    throw notFinite(round.prompts().get((from + i / each) % across), batch);
                }
                int timestep = round.trials().get((from + i / each) / across).timestep();
                evaluated[i] = factors[timestep] * (maps ? evaluated[i] : objective.of(evaluated[i]));
            }
            for (int i = 0; i < count; i++) {
                consumer.accept((from + i) / across, (from + i) % across, evaluated, i * each);
            }
            if (!goesOn.test(from + count)) {
                return from + count;
            }
        }
        return pairs;
    }

    private InputException notFinite(int prompt, PairBatch batch) {
        String where = batch.firstNotFinite().map(found -> "; the first layer: " + found).orElse("");
        String question = "the model's prediction for prompt %d is not a number: are its weights damaged, or beyond the "
                + "range of ";
        return device.dtype() == DType.F16
                ? InputException.of(question + "F16 (%s bf16 has a wider one)?%s", prompt, InputException.field("dtype"),
                        where)
                : InputException.of(question + "%s?%s", prompt, device.dtype(), where);
    }

    private PairBatch batch(int trials, int pairs, boolean maps) {
        PairBatch batch = batches.computeIfAbsent(trials + "x" + pairs + (maps ? " maps" : ""),
                shape -> record(trials, pairs, maps));
        if (batches.size() > GRAPHS) {
            var eldest = batches.entrySet().iterator();
            eldest.next().getValue().close();
            eldest.remove();
        }
        return batch;
    }

    private PairBatch record(int trials, int pairs, boolean maps) {
        return new PairBatch(device, latents.noise(), objective.hasBound() && !maps, x0, seed, trials, pairs,
                asked -> evaluate(asked, maps));
    }

    @Override
    public void close() {
        batches.values().forEach(PairBatch::close);
        device.release(x0);
    }
}
