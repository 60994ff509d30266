package org.diffusionclassifier.score;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.diffusionclassifier.image.RgbImage;

/**
 * Scores one image on several devices at once. A round's batches go round the devices, each cut as on one device, so
 * that on devices that are alike every error has the bits that one of them gives it. A round of a single batch stays on
 * the first device. Leans on a {@link LatentScorer} a device, which belong to the caller.
 */
public final class SpreadScorer implements Scorer {

    /** Runs work in the thread of a device. */
    @FunctionalInterface
    public interface Lane {

        <T> CompletableFuture<T> submit(Supplier<T> work);

        /** Waits for all, and gives their results or throws what the first that failed threw. */
        static <T> List<T> results(List<CompletableFuture<T>> all) {
            CompletableFuture.allOf(all.toArray(CompletableFuture[]::new)).exceptionally(failure -> null).join();
            try {
                return all.stream().map(CompletableFuture::join).toList();
            } catch (CompletionException e) {
                if (e.getCause() instanceof RuntimeException thrown) {
                    throw thrown;
                }
                if (e.getCause() instanceof Error thrown) {
                    throw thrown;
                }
                throw e;
            }
        }
    }

    /** A scorer, and the thread that it belongs to. */
    public record Share(LatentScorer scorer, Lane lane) {
    }

    private final List<Share> shares;
    private final LatentScorer first;

    /** @param shares of the same model, prompts, trials and batch size; at least one */
    public SpreadScorer(List<Share> shares) {
        this.shares = List.copyOf(shares);
        this.first = shares.get(0).scorer;
        if (shares.stream().anyMatch(share -> share.scorer.batchSize() != first.batchSize()
                || share.scorer.prompts() != first.prompts())) {
            throw new IllegalArgumentException("scorers of several batch sizes or prompts");
        }
    }

    @Override
    public int prompts() {
        return first.prompts();
    }

    @Override
    public int first(int prompt) {
        return first.first(prompt);
    }

    @Override
    public int elements() {
        return first.elements();
    }

    @Override
    public int timesteps() {
        return first.timesteps();
    }

    /** Every device encodes it: a latent is small, but to hand it on would copy it over the host. */
    @Override
    public void show(RgbImage image) {
        Lane.results(shares.stream().map(share -> share.lane.submit(() -> {
            share.scorer.show(image);
            return null;
        })).toList());
    }

    @Override
    public float[][] errors(Round round) {
        var errors = new float[round.trials().size()][round.prompts().size()];
        Lane.results(IntStream.range(0, shares.size()).mapToObj(i -> shares.get(i).lane.submit(() -> {
            shares.get(i).scorer.errors(round, i, shares.size(), errors);
            return null;
        })).toList());
        return errors;
    }

    /** Leaves the devices' scorers open. */
    @Override
    public void close() {
        // nothing of its own
    }
}
